//! Artifacts: files that workers need. This runner's workers need none, as each is the whole
//! program, so nothing is staged; the services say so by name.

use std::pin::Pin;

use purlin_proto::jobs as api;
use purlin_proto::jobs::artifact_retrieval_service_server::ArtifactRetrievalService;
use purlin_proto::jobs::artifact_staging_service_server::ArtifactStagingService;
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The services.
#[derive(Clone, Copy)]
pub(super) struct Artifacts;

#[tonic::async_trait]
impl ArtifactRetrievalService for Artifacts {
    /// Artifacts are what they are: there is no better form of any.
    async fn resolve_artifacts(
        &self,
        request: Request<api::ResolveArtifactsRequest>,
    ) -> Result<Response<api::ResolveArtifactsResponse>, Status> {
        let replacements = request.into_inner().artifacts;
        Ok(Response::new(api::ResolveArtifactsResponse { replacements }))
    }

    type GetArtifactStream = Answers<api::GetArtifactResponse>;

    async fn get_artifact(
        &self,
        request: Request<api::GetArtifactRequest>,
    ) -> Result<Response<Self::GetArtifactStream>, Status> {
        let artifact = request.into_inner().artifact.unwrap_or_default();
        Err(Status::not_found(format!(
            "nothing was staged as `{}`: this runner starts its own program as worker, which needs \
             no artifacts",
            artifact.type_urn
        )))
    }
}

#[tonic::async_trait]
impl ArtifactStagingService for Artifacts {
    type ReverseArtifactRetrievalServiceStream = Answers<api::ArtifactRequestWrapper>;

    /// No job needs anything, so nothing is asked for.
    async fn reverse_artifact_retrieval_service(
        &self,
        _request: Request<Streaming<api::ArtifactResponseWrapper>>,
    ) -> Result<Response<Self::ReverseArtifactRetrievalServiceStream>, Status> {
        Ok(Response::new(Box::pin(tokio_stream::empty())))
    }
}
