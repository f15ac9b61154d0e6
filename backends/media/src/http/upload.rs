//! `POST /api/media/upload/{image,video}`: streamed to storage, told by content and not by name.

use crate::{
    app::Context,
    domain::{Format, Kind, PublicId, SNIFF_BYTES},
    storage::Incoming,
    store,
};
use axum::{
    Json,
    extract::{
        Multipart, State,
        multipart::{Field, MultipartError},
    },
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use serde::Serialize;
use shared_contracts::Code;
use shared_service::{ApiError, ApiResult, Caller};
use std::time::Duration;
use tokio::time::timeout;

/// Boundaries and part headers around the file.
const MULTIPART_OVERHEAD: u64 = 64 << 10;
/// A refused body is still read for so long, so that the client gets to read the refusal instead of a reset.
const DRAIN_TIME: Duration = Duration::from_secs(5);
const DRAIN_BYTES: usize = 64 << 20;

/// The answer to an upload.
#[derive(Debug, Serialize)]
pub(super) struct Uploaded {
    success: bool,
    url: String,
    public_id: String,
}

pub(super) async fn upload(
    kind: Kind,
    State(context): State<Context>,
    caller: Caller,
    head: HeaderMap,
    multipart: ApiResult<Multipart>,
) -> ApiResult<Json<Uploaded>> {
    let user = caller.require_user()?;
    let mut multipart = multipart?;
    let received = match declared_too_large(kind, &head) {
        true => Err(too_large(kind)),
        false => receive(kind, &context, &mut multipart).await,
    };
    let received = match received {
        Ok(received) => received,
        Err(error) => {
            drain(multipart).await;
            return Err(error);
        }
    };
    let id = PublicId::random();
    let Received {
        incoming,
        format,
        bytes,
    } = received;
    incoming.keep(&id, format).await.map_err(ApiError::unavailable)?;
    let remembered = remember(&context, &id, format, user.id, bytes).await;
    if let Err(error) = remembered {
        if let Err(error) = context.storage.remove(&id, format).await {
            tracing::warn!(%error, public_id = %id, "a file without a row stays behind");
        }
        return Err(error);
    }
    let url = caller.address_of(&format!("/media/{id}.{}", format.extension));
    Ok(Json(Uploaded {
        success: true,
        url,
        public_id: id.to_string(),
    }))
}

async fn remember(context: &Context, id: &PublicId, format: Format, owner: i64, bytes: u64) -> ApiResult<()> {
    let bytes = i64::try_from(bytes).map_err(ApiError::internal)?;
    let mut conn = shared_postgres::conn(&context.pool).await?;
    Ok(store::insert(&mut conn, id, format.extension, owner, bytes).await?)
}

struct Received {
    incoming: Box<dyn Incoming>,
    format: Format,
    bytes: u64,
}

/// Stores the part named after the kind; other parts are passed over. The whole body is read, so that one that
/// breaks off is noticed before anything is kept.
async fn receive(kind: Kind, context: &Context, multipart: &mut Multipart) -> ApiResult<Received> {
    let mut received = None;
    while let Some(field) = multipart.next_field().await.map_err(malformed)? {
        if field.name() != Some(kind.field()) {
            continue;
        }
        if received.is_some() {
            return Err(ApiError::invalid(
                kind.field(),
                format!("Send one file as `{}`", kind.field()),
            ));
        }
        received = Some(receive_file(kind, context, field).await?);
    }
    received.ok_or_else(|| ApiError::invalid(kind.field(), format!("Send the file as `{}`", kind.field())))
}

async fn receive_file(kind: Kind, context: &Context, mut field: Field<'_>) -> ApiResult<Received> {
    let mut head = BytesMut::new();
    while head.len() < SNIFF_BYTES {
        match field.chunk().await.map_err(malformed)? {
            Some(chunk) => head.extend_from_slice(&chunk),
            None => break,
        }
    }
    if head.is_empty() {
        return Err(ApiError::invalid(kind.field(), "The file is empty"));
    }
    let format = Format::sniff(kind, &head).ok_or_else(|| {
        ApiError::new(Code::UnsupportedFile, format!("The file must be {}", kind.formats())).with_field(kind.field())
    })?;
    let mut incoming = context.storage.begin().await.map_err(ApiError::unavailable)?;
    let mut bytes = 0;
    let mut next: Option<Bytes> = Some(head.freeze());
    while let Some(chunk) = next {
        bytes += chunk.len() as u64;
        if bytes > kind.max_bytes() {
            return Err(too_large(kind));
        }
        incoming.write(chunk).await.map_err(ApiError::unavailable)?;
        next = field.chunk().await.map_err(malformed)?;
    }
    Ok(Received {
        incoming,
        format,
        bytes,
    })
}

fn declared_too_large(kind: Kind, head: &HeaderMap) -> bool {
    let declared = head
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    declared.is_some_and(|length| length > kind.max_bytes() + MULTIPART_OVERHEAD)
}

fn too_large(kind: Kind) -> ApiError {
    let most = kind.max_bytes() >> 20;
    ApiError::new(Code::BodyTooLarge, format!("The file may have at most {most} MB")).with_field(kind.field())
}

#[allow(clippy::needless_pass_by_value)] // the shape that map_err wants
fn malformed(error: MultipartError) -> ApiError {
    ApiError::new(
        Code::MalformedMultipart,
        "The multipart body breaks off or cannot be read",
    )
    .with_source(error.to_string())
}

async fn drain(mut multipart: Multipart) {
    let rest = async {
        let mut read = 0;
        while let Ok(Some(mut field)) = multipart.next_field().await {
            while let Ok(Some(chunk)) = field.chunk().await {
                read += chunk.len();
                if read > DRAIN_BYTES {
                    return;
                }
            }
        }
    };
    let _ = timeout(DRAIN_TIME, rest).await;
}
