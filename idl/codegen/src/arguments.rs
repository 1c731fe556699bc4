//! The command line.

use std::path::PathBuf;

const USAGE: &str = "usage: codegen --idl FOLDER --xml FOLDER --out FILE
  --idl  the .thrift files
  --xml  what `thrift --gen xml` wrote of each of them
  --out  the Rust file to write";

/// What to read and where to write.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// Folder of the `.thrift` files.
    pub(crate) idl: PathBuf,
    /// Folder of the compiler's `.xml` files.
    pub(crate) xml: PathBuf,
    /// The Rust file.
    pub(crate) out: PathBuf,
}

impl Arguments {
    /// # Errors
    /// What is unknown or missing, and the usage.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut idl, mut xml, mut out) = (None, None, None);
        while let Some(flag) = words.next() {
            let value = match flag.as_str() {
                "--idl" => &mut idl,
                "--xml" => &mut xml,
                "--out" => &mut out,
                _ => return Err(format!("unknown argument {flag:?}\n{USAGE}")),
            };
            *value = words.next().map(PathBuf::from);
        }
        match (idl, xml, out) {
            (Some(idl), Some(xml), Some(out)) => Ok(Self { idl, xml, out }),
            _ => Err(format!("--idl, --xml and --out are needed, each with a value\n{USAGE}")),
        }
    }
}
