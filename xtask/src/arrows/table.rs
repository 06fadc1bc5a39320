//! The arrows that must not exist.

/// A crate, and the crates that must not be anywhere below it.
///
/// The SDK is what every user program compiles: no runner, no async runtime. The engine is what the
/// runners share: threads and sockets belong to its callers. A connector is written on the SDK
/// alone. No runner builds on another one.
pub(super) const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "purlin-sdk",
        &[
            "tokio",
            "tonic",
            "rayon",
            "purlin-engine",
            "purlin-runner-direct",
            "purlin-runner-parallel",
            "purlin-runner-grpc",
        ],
    ),
    (
        "purlin-engine",
        &[
            "tokio",
            "tonic",
            "rayon",
            "purlin-runner-direct",
            "purlin-runner-parallel",
            "purlin-runner-grpc",
        ],
    ),
    (
        "purlin-io-kafka",
        &["purlin-engine", "purlin-runner-direct", "purlin-runner-parallel", "purlin-runner-grpc"],
    ),
    (
        "purlin-runner-direct",
        &["tokio", "tonic", "rayon", "purlin-runner-parallel", "purlin-runner-grpc"],
    ),
    ("purlin-runner-parallel", &["tokio", "tonic", "purlin-runner-direct", "purlin-runner-grpc"]),
    ("purlin-runner-grpc", &["purlin-runner-direct", "purlin-runner-parallel"]),
];

/// Crates that may name only the facade among ours: the proof that users need nothing else.
pub(super) const FACADE_ONLY: &[&str] = &["examples"];
