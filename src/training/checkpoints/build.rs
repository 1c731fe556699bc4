//! Which program this is, as far as its bits go.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::sync::OnceLock;

/// Bytes of the program that are read at once.
const PIECE: usize = 1 << 20;

/// The version, a checksum of the program's file, and what its arithmetic depends on of the processor. It is found out once, when it
/// is first asked for.
///
/// # Errors
/// [`Error::Storage`] if the program cannot read its own file.
pub(super) fn of_this_program() -> Result<&'static str> {
    static BUILD: OnceLock<String> = OnceLock::new();
    match BUILD.get() {
        Some(build) => Ok(build),
        None => {
            let program = program().map_err(|cause| Error::storage("reading the program's own file", cause))?;
            let build = format!("{}-{program:08x}-{}", env!("CARGO_PKG_VERSION"), processor());
            Ok(BUILD.get_or_init(|| build))
        }
    }
}

/// CRC-32 of the file that runs, also where it was replaced meanwhile.
fn program() -> std::io::Result<u32> {
    let mut file = File::open("/proc/self/exe").or_else(|_| File::open(std::env::current_exe()?))?;
    let (mut digest, mut piece) = (crc32fast::Hasher::new(), vec![0; PIECE]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(digest.finalize()),
            length => digest.update(&piece[..length]),
        }
    }
}

/// The kind of processor: matrix products and functions of the C library choose their instructions by it at run time.
fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("avx", std::arch::is_x86_feature_detected!("avx")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let found: [(&str, bool); 0] = [];
    let found = found.into_iter().filter(|(_, has)| *has).map(|(name, _)| name);
    std::iter::once(std::env::consts::ARCH).chain(found).collect::<Vec<_>>().join("+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_knows_itself_again() {
        let build = of_this_program().unwrap();

        assert_eq!(of_this_program().unwrap(), build);
        assert!(build.starts_with(env!("CARGO_PKG_VERSION")) && build.contains(std::env::consts::ARCH), "{build}");
    }
}
