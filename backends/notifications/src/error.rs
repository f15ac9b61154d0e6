//! Database failures as clients see them.

use shared_postgres::DbError;
use shared_service::ApiError;

/// 503 while the database is away, else 500; the cause goes to the log only.
pub fn database(error: DbError) -> ApiError {
    if error.is_unavailable() {
        ApiError::unavailable(error)
    } else {
        ApiError::internal(error)
    }
}
