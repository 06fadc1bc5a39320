//! Who may use the job service: whoever knows its token.

use std::sync::Arc;

use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::fn_api;
use crate::secret;

/// Refuses calls without the token.
#[derive(Clone)]
pub(super) struct Guard(pub(super) Arc<str>);

impl Interceptor for Guard {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        match fn_api::bearer(request.metadata()) {
            Some(given) if secret::same(given, &self.0) => Ok(request),
            Some(_) => Err(Status::permission_denied("the token is not this job service's")),
            None => Err(Status::unauthenticated(
                "the call lacks the metadata `authorization: Bearer TOKEN`",
            )),
        }
    }
}
