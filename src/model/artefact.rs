//! The bytes of `model.bin`. Data only: no code can be loaded from it.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `MODELWIR` |
//! | 4 | format version, u32 little-endian: 1 |
//! | 4 | length of the head, u32 little-endian |
//! | … | head: JSON with schema, steps, and name and shape of each array |
//! | … | each array in the head's order, f64 little-endian, row-major, from the next multiple of 64 on; zeros between |
//! | 32 | SHA-256 of everything before |

use super::arrays::damaged;
use super::{Schema, StepSpec};
use crate::error::{Error, Result};
use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"MODELWIR";
const VERSION: u32 = 1;
const ALIGNMENT: usize = 64;
const DIGEST: usize = 32;

/// An array and its name in the file: `<step>.<name>`.
pub(super) type Named = (String, ArrayD<f64>);

/// What the arrays mean.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) schema: Schema,
    pub(super) steps: Vec<StepSpec>,
    arrays: Vec<Shape>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    name: String,
    shape: Vec<usize>,
}

/// Writes head and arrays.
pub(super) fn write(schema: &Schema, steps: &[StepSpec], arrays: &[Named]) -> Vec<u8> {
    let shape = |(name, values): &Named| Shape { name: name.clone(), shape: values.shape().to_vec() };
    let head = Head { schema: schema.clone(), steps: steps.to_vec(), arrays: arrays.iter().map(shape).collect() };
    let head = serde_json::to_vec(&head).expect("a head has text keys only");
    let head_length = u32::try_from(head.len()).expect("names of columns and classes are far below 4 GiB");
    let mut bytes = [MAGIC.as_slice(), &VERSION.to_le_bytes(), &head_length.to_le_bytes(), &head].concat();
    for (_, values) in arrays {
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    bytes
}

/// Reads head and arrays. Nothing is allocated that the bytes do not hold.
pub(super) fn read(bytes: &[u8]) -> Result<(Head, Vec<Named>)> {
    let mut reader = Reader { bytes: verified(bytes)?, at: MAGIC.len() + 4 };
    let head_length = reader.u32()? as usize;
    let head: Head = serde_json::from_slice(reader.take(head_length)?).map_err(|error| damaged(error.to_string()))?;
    let arrays = head.arrays.iter().map(|shape| Ok((shape.name.clone(), reader.array(shape)?)));
    let arrays = arrays.collect::<Result<Vec<_>>>()?;
    match reader.bytes.len() - reader.at {
        0 => Ok((head, arrays)),
        more => Err(damaged(format!("{more} bytes follow the last array"))),
    }
}

/// The SHA-256 at the end of bytes that were written here or have been read.
pub(super) fn digest(bytes: &[u8]) -> [u8; DIGEST] {
    bytes.last_chunk().copied().expect("the bytes of a model end with their checksum")
}

/// The bytes without their checksum, which is right.
fn verified(bytes: &[u8]) -> Result<&[u8]> {
    if !bytes.starts_with(MAGIC) {
        return Err(damaged("it does not start like a model"));
    }
    let (content, digest) =
        bytes.split_last_chunk::<DIGEST>().filter(|(content, _)| content.len() >= MAGIC.len() + 4).ok_or_else(short)?;
    if Sha256::digest(content).as_slice() != digest {
        return Err(damaged("its SHA-256 does not fit"));
    }
    match (Reader { bytes: content, at: MAGIC.len() }).u32()? {
        VERSION => Ok(content),
        other => Err(Error::precondition(format!(
            "model.bin has format version {other} and this build reads version {VERSION}; use the build that wrote it"
        ))),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(length).ok_or_else(short)?;
        let taken = self.bytes.get(self.at..end).ok_or_else(short)?;
        self.at = end;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32> {
        let taken = self.take(4)?.first_chunk().copied().ok_or_else(short)?;
        Ok(u32::from_le_bytes(taken))
    }

    fn array(&mut self, Shape { name, shape }: &Shape) -> Result<ArrayD<f64>> {
        let padding = self.take(self.at.next_multiple_of(ALIGNMENT) - self.at)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(damaged(format!("there is something before array {name:?}")));
        }
        let length = shape.iter().try_fold(8usize, |length, axis| length.checked_mul(*axis)).ok_or_else(short)?;
        let (values, _) = self.take(length)?.as_chunks::<8>();
        let values = values.iter().map(|value| f64::from_le_bytes(*value)).collect();
        ArrayD::from_shape_vec(IxDyn(shape), values).map_err(|error| damaged(format!("array {name:?}: {error}")))
    }
}

fn short() -> Error {
    damaged("it is shorter than it says")
}
