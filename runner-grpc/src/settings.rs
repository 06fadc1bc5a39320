//! The options of this runner.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use purlin_sdk::{Error, PipelineOptions, Result};

/// How many workers to start, if that was said.
pub(crate) fn workers(options: &PipelineOptions) -> Result<Option<usize>> {
    Ok(options.value::<NonZeroUsize>("workers")?.map(NonZeroUsize::get))
}

/// The file that gets the token with which workers may join.
pub(crate) fn token_file(options: &PipelineOptions) -> Option<PathBuf> {
    options.get("worker-token-file").map(PathBuf::from)
}

/// Where to listen: `--worker-bind=ADDRESS` or `ADDRESS:PORT`; by default a free port of the
/// loopback interface.
pub(crate) fn bind(options: &PipelineOptions) -> Result<SocketAddr> {
    let Some(text) = options.get("worker-bind") else {
        return Ok((Ipv4Addr::LOCALHOST, 0).into());
    };
    let with_port = text.parse::<SocketAddr>().ok();
    let address = with_port.or_else(|| Some((text.parse::<IpAddr>().ok()?, 0).into()));
    address.ok_or_else(|| {
        Error::Options(format!(
            "option `--worker-bind={text}` is no address\n  help: write it like `127.0.0.1` or \
             `127.0.0.1:4000`"
        ))
    })
}

/// What workers connect to: the advertised host, with the port that was found if it names none.
pub(crate) fn advertised(bound: SocketAddr, advertised: Option<&str>) -> String {
    match advertised {
        None => bound.to_string(),
        Some(host) if host.parse::<SocketAddr>().is_ok() => host.to_owned(),
        Some(host) => match host.parse::<IpAddr>() {
            Ok(address) => SocketAddr::new(address, bound.port()).to_string(),
            Err(_) if host.contains(':') => host.to_owned(),
            Err(_) => format!("{host}:{}", bound.port()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_the_loopback_interface_unless_said_otherwise() {
        let mut options = PipelineOptions::default();
        assert_eq!(bind(&options).unwrap(), "127.0.0.1:0".parse().unwrap());
        options.set("worker-bind", "10.0.0.7");
        assert_eq!(bind(&options).unwrap(), "10.0.0.7:0".parse().unwrap());
        options.set("worker-bind", "here");
        assert!(bind(&options).unwrap_err().to_string().contains("`--worker-bind=here`"));
    }

    #[test]
    fn workers_connect_to_the_advertised_host_at_the_port_that_was_found() {
        let bound = "0.0.0.0:4000".parse().unwrap();
        assert_eq!(advertised(bound, None), "0.0.0.0:4000");
        assert_eq!(advertised(bound, Some("host")), "host:4000");
        assert_eq!(advertised(bound, Some("host:1")), "host:1");
        assert_eq!(advertised(bound, Some("::1")), "[::1]:4000");
        assert_eq!(advertised(bound, Some("127.0.0.1:9")), "127.0.0.1:9");
    }
}
