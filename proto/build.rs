//! Generates the messages, and with the feature `services` the gRPC services, from `proto/`.
//!
//! The parser is written in Rust, so neither `protoc` nor the network is needed.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;
use protox::Compiler;

/// Where the generated modules are, below which every `.proto` file is named.
const ROOT: &str = "proto";

/// Every `.proto` file, below `ROOT/org/apache/beam/model`.
const FILES: &[&str] = &[
    "fn_execution/v1/beam_fn_api.proto",
    "fn_execution/v1/beam_provision_api.proto",
    "job_management/v1/beam_artifact_api.proto",
    "job_management/v1/beam_expansion_api.proto",
    "job_management/v1/beam_job_api.proto",
    "pipeline/v1/beam_runner_api.proto",
    "pipeline/v1/endpoints.proto",
    "pipeline/v1/external_transforms.proto",
    "pipeline/v1/metrics.proto",
    "pipeline/v1/schema.proto",
    "pipeline/v1/standard_window_fns.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={ROOT}");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut compiler = Compiler::new([ROOT])?;
    compiler.include_imports(true).include_source_info(true);
    for file in FILES {
        compiler.open_file(format!("org/apache/beam/model/{file}"))?;
    }
    let set = compiler.file_descriptor_set();

    let mut bare = set.clone();
    for file in &mut bare.file {
        // Comments are of use to the generated documentation only.
        file.source_code_info = None;
    }
    fs::write(out.join("descriptors.bin"), bare.encode_to_vec())?;

    let mut config = prost_build::Config::new();
    // Sorted maps make the bytes of a message depend on nothing but its content: pipelines are
    // compared by the hash of their bytes.
    config.btree_map(["."]).bytes(["."]).include_file("model.rs");
    #[cfg(feature = "services")]
    config.service_generator(tonic_prost_build::configure().service_generator());
    config.compile_fds(set)?;
    Ok(())
}
