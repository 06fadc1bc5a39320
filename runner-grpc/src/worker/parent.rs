//! Ends a worker process together with the process that started it.

use std::io::Read;
use std::sync::Once;

use tracing::warn;

/// The status with which a worker exits whose parent has gone.
const ORPHANED: i32 = 3;

/// Watches the pipe that the parent holds as this process's standard input: it ends when the
/// parent does, however that happens, and then nobody is left to work for.
pub(super) fn watch() {
    static WATCHING: Once = Once::new();
    WATCHING.call_once(|| {
        let watched = std::thread::Builder::new().name("purlin-parent".to_owned()).spawn(|| {
            let mut pipe = std::io::stdin().lock();
            let mut ignored = [0; 64];
            loop {
                match pipe.read(&mut ignored) {
                    Ok(1..) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Ok(0) | Err(_) => std::process::exit(ORPHANED),
                }
            }
        });
        if let Err(error) = watched {
            warn!(%error, "this worker cannot watch its parent");
        }
    });
}
