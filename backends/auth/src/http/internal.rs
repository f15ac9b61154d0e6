//! For services alone: `GET /internal/users?ids=1,2` or `?usernames=a,b`, public facts about users; and
//! `GET /internal/revocations`, the sessions that have ended.

use crate::{app::Auth, domain::account::Username, store::revocations};
use axum::{Json, extract::State};
use serde::Deserialize;
use shared_contracts::{
    revocation::RevocationsAnswer,
    user::{LookupAnswer, MAX_LOOKUP},
};
use shared_service::{ApiError, ApiQuery, ApiResult, RequireService, validate};
use std::sync::Arc;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    ids: Option<String>,
    usernames: Option<String>,
}

/// 200 with those that exist; 400 unless it is one list of at most [`MAX_LOOKUP`]; 403 for whoever is not a service.
pub(super) async fn lookup(
    State(auth): State<Arc<Auth>>,
    _: RequireService,
    ApiQuery(query): ApiQuery<Query>,
) -> ApiResult<Json<LookupAnswer>> {
    let users = match (query.ids, query.usernames) {
        (Some(ids), None) => {
            let ids = list("ids", &ids)?
                .map(|id| validate::id("ids", id))
                .collect::<ApiResult<Vec<_>>>()?;
            auth.directory.by_ids(&ids).await
        }
        (None, Some(names)) => {
            // What cannot be a name is nobody's.
            let names: Vec<_> = list("usernames", &names)?
                .filter_map(|name| Username::parse(name).ok())
                .collect();
            auth.directory.by_usernames(&names).await
        }
        _ => return Err(ApiError::invalid("ids", "give either ids or usernames")),
    };
    Ok(Json(LookupAnswer { users: users? }))
}

/// 200 with what ended before its tokens did; 403 for whoever is not a service.
pub(super) async fn revocations(
    State(auth): State<Arc<Auth>>,
    _: RequireService,
) -> ApiResult<Json<RevocationsAnswer>> {
    let mut conn = auth.conn().await?;
    Ok(Json(revocations::list(&mut conn).await?))
}

fn list<'t>(field: &str, text: &'t str) -> ApiResult<impl Iterator<Item = &'t str>> {
    if text.split(',').count() > MAX_LOOKUP {
        return Err(ApiError::invalid(
            field,
            format!("{field} must have at most {MAX_LOOKUP} entries"),
        ));
    }
    Ok(text.split(','))
}
