//! How much memory a job may take for what waits to be grouped and for state, and where the rest goes.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use purlin_engine::{ByteSize, Compression, Spill, SpillFolder};
use purlin_sdk::{Error, PipelineOptions, Result};

/// What the options `--memory`, `--spill-dir` and `--spill-compression` say; `None` where nothing
/// says how much memory there is.
pub(crate) fn spill(options: &PipelineOptions) -> Result<Option<Spill>> {
    let asked = options.value::<ByteSize>("memory")?.map(|size| size.0);
    let folder = folder(options)?;
    let compression = options.value::<Compression>("spill-compression")?.unwrap_or_default();
    let Some(memory_bytes) = asked.or_else(default_bytes) else { return Ok(None) };
    let store = Arc::new(SpillFolder::within(folder, compression));
    Ok(Some(Spill { memory_bytes, store }))
}

fn folder(options: &PipelineOptions) -> Result<PathBuf> {
    let Some(folder) = options.value::<PathBuf>("spill-dir")? else {
        return Ok(std::env::temp_dir());
    };
    if folder.is_dir() {
        return Ok(folder);
    }
    let name = folder.display();
    Err(Error::Options(format!(
        "option `--spill-dir={name}` is not understood: there is no such folder\n  help: make it first"
    )))
}

/// Half of the memory that is available, as Linux says; of what the control group of this process
/// may have, where that is less.
fn default_bytes() -> Option<usize> {
    let available = available(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let most = group.and_then(|text| text.trim().parse::<usize>().ok());
    Some(most.map_or(available, |most| available.min(most)) / 2)
}

/// The available bytes of a `meminfo` file.
fn available(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(options: &[(&str, &str)]) -> PipelineOptions {
        let mut all = PipelineOptions::default();
        options.iter().for_each(|(name, value)| all.set(name, *value));
        all
    }

    #[test]
    fn half_of_what_is_available_is_the_default() {
        let meminfo = "MemTotal:       24683932 kB\nMemAvailable:   22080960 kB\n";
        assert_eq!(available(meminfo), Some(22_080_960 * 1024));
        assert_eq!(available("MemTotal: 1 kB"), None);
    }

    #[test]
    fn options_that_mean_nothing_are_refused_by_name() {
        for (name, value, problem) in [
            ("memory", "2", "ends with its unit"),
            ("memory", "much", "begins with a whole number"),
            ("spill-dir", "/no/such/folder", "no such folder"),
            ("spill-compression", "zip", "none of `none` and `lz4`"),
        ] {
            let error = spill(&options(&[(name, value)])).unwrap_err().to_string();
            assert!(error.contains(&format!("`--{name}={value}`")), "{error}");
            assert!(error.contains(problem), "{error}");
        }
        let spill = spill(&options(&[("memory", "2MB")])).unwrap().unwrap();
        assert_eq!(spill.memory_bytes, 2_000_000);
    }
}
