//! Models as files of other programs.

use super::Service;
use crate::data::{Reference, Selector};
use crate::error::{Error, Result, quotable};
use crate::model::LoadedModel;
use crate::storage::sha256;
use crate::wire::models::{ExportModelRequest, ExportModelResponse};
use crate::wire::{Held, Memory, aside, convert};
use bytes::Bytes;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Files that are written at once; others wait for as long as their callers do.
const AT_ONCE: usize = 2;
/// Files that are kept at once.
const KEPT: usize = 4;
/// How long a file is kept after it was last asked for: a client that reads it piece by piece asks again within that.
const KEPT_FOR: Duration = Duration::from_secs(10);
/// What writing a file takes for each byte that the model takes when it is stored: what it is gathered from, and the file.
const BYTES_PER_STORED_BYTE: u64 = 4;
/// And beside that.
const MOST_BYTES_AROUND: u64 = 64 * 1024;

/// Files that were written, each once for all its pieces and for all who ask for it meanwhile. Their bytes are taken from the memory
/// for messages.
pub(super) struct Exports {
    memory: Memory,
    places: Arc<Semaphore>,
    shelf: Arc<Mutex<Shelf>>,
    /// Who looks after the shelf.
    looking: Mutex<JoinSet<()>>,
}

/// Files that are kept, the one that was asked for last at the end.
#[derive(Default)]
struct Shelf {
    kept: Vec<Kept>,
    is_looked_after: bool,
}

struct Kept {
    /// It does not keep the model: that may be unloaded meanwhile.
    model: Weak<LoadedModel>,
    file: Arc<OnceCell<File>>,
    asked: Instant,
}

/// The bytes hold their memory until the last piece of them has gone.
#[derive(Clone)]
struct File {
    content: Bytes,
    sha256: String,
}

struct Written {
    bytes: Vec<u8>,
    _held: Held,
}

impl AsRef<[u8]> for Written {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Service {
    pub(super) async fn exported(&self, request: ExportModelRequest) -> Result<ExportModelResponse> {
        let ExportModelRequest { model, format, from_byte, .. } = request;
        let reference = Reference::parse("model", model.unwrap_or_default())?;
        match format.as_deref() {
            Some("onnx") => {}
            None => return Err(Error::invalid("the request names no format; there is onnx")),
            Some(other) => {
                return Err(Error::invalid(format!("format {:?} is not known; there is onnx", quotable(other))));
            }
        }
        let model = self.parts.registry.resolve(&reference)?.model;
        let stored_bytes = self.parts.registry.describe(&reference_of(&model))?.manifest.model_bytes();
        let File { content, sha256 } = self.exports.file(&model, stored_bytes).await?;
        // Half a message: text protocols write three bytes as four.
        let most = (self.parts.wire_limits.max_frame_bytes / 2).max(1);
        let piece = piece(from_byte, most, content.len())?;
        Ok(convert::exported(&content, sha256, piece, model.name.as_str(), model.version))
    }
}

impl Exports {
    pub(super) fn new(memory: Memory) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self { memory, places, shelf: Arc::default(), looking: Mutex::default() }
    }

    /// The file of a model that takes so many bytes when it is stored. Whoever else asks for it meanwhile waits for the same one.
    async fn file(&self, model: &Arc<LoadedModel>, stored_bytes: u64) -> Result<File> {
        let file = self.kept(model);
        file.get_or_try_init(|| self.written(model, stored_bytes)).await.cloned()
    }

    /// The place of a model's file, which may not be written yet.
    fn kept(&self, model: &Arc<LoadedModel>) -> Arc<OnceCell<File>> {
        let mut shelf = locked(&self.shelf);
        let of_model = |it: &Kept| std::ptr::eq(it.model.as_ptr(), Arc::as_ptr(model));
        let known = shelf.kept.iter().position(of_model).map(|at| shelf.kept.remove(at).file);
        if shelf.kept.len() >= KEPT {
            shelf.kept.remove(0);
        }
        let file = known.unwrap_or_default();
        shelf.kept.push(Kept { model: Arc::downgrade(model), file: Arc::clone(&file), asked: Instant::now() });
        if !std::mem::replace(&mut shelf.is_looked_after, true) {
            let mut looking = locked(&self.looking);
            while looking.try_join_next().is_some() {}
            looking.spawn(look_after(Arc::clone(&self.shelf)));
        }
        file
    }

    async fn written(&self, model: &Arc<LoadedModel>, stored_bytes: u64) -> Result<File> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| Error::internal("the places of exports are closed"))?;
        let (held, model) = (self.held(model, stored_bytes)?, Arc::clone(model));
        let write = move || {
            let _place = place; // Until it is written, whoever still waits for it.
            let mut held = held;
            let bytes = model.to_onnx()?;
            if !held.try_set(bytes.len()) {
                return Err(Error::Full);
            }
            let sha256 = sha256(&bytes);
            Ok(File { content: Bytes::from_owner(Written { bytes, _held: held }), sha256 })
        };
        aside(usize::MAX, write).await?
    }

    /// Memory to write a file in. Files that are kept make room for it.
    fn held(&self, model: &LoadedModel, stored_bytes: u64) -> Result<Held> {
        let bytes = stored_bytes.saturating_mul(BYTES_PER_STORED_BYTE).saturating_add(MOST_BYTES_AROUND);
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        if bytes > self.memory.bytes() {
            return Err(Error::precondition(format!(
                "writing model \"{}\" as ONNX may take {bytes} bytes and the server has {} for all messages; \
                 server.max_memory_bytes raises the limit",
                reference_of(model),
                self.memory.bytes()
            )));
        }
        let held = self.memory.account().nothing();
        if !held.try_grow(bytes) {
            locked(&self.shelf).kept.retain(|it| !it.file.initialized());
            if !held.try_grow(bytes) {
                return Err(Error::Full);
            }
        }
        Ok(held)
    }
}

/// Drops each file once it has not been asked for of late, until none is left.
async fn look_after(shelf: Arc<Mutex<Shelf>>) {
    let mut next = Some(Instant::now() + KEPT_FOR);
    while let Some(then) = next {
        sleep_until(then).await;
        next = locked(&shelf).forget(Instant::now());
    }
}

impl Shelf {
    /// Answers when to look again.
    fn forget(&mut self, now: Instant) -> Option<Instant> {
        self.kept.retain(|it| it.asked + KEPT_FOR > now);
        self.is_looked_after = !self.kept.is_empty();
        self.kept.first().map(|oldest| oldest.asked + KEPT_FOR)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn reference_of(model: &LoadedModel) -> Reference {
    Reference { name: model.name.clone(), selector: Selector::Version(model.version) }
}

fn piece(from: Option<i64>, most: usize, total: usize) -> Result<Range<usize>> {
    let from = from.unwrap_or(0);
    let start = usize::try_from(from).ok().filter(|from| *from <= total);
    let start = start.ok_or_else(|| {
        Error::invalid(format!("from_byte is {from} and the file has {total} bytes; they are counted from 0"))
    })?;
    Ok(start..start.saturating_add(most).min(total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Name, Table};
    use crate::error::Code;
    use crate::model::{Spec, StepSpec, fit};
    use futures_util::FutureExt;

    const STORED: u64 = 1_000;

    fn line(version: u64) -> Arc<LoadedModel> {
        let table = Table::new(vec![Column::float("x", vec![1.0, 2.0]), Column::float("y", vec![1.0, 2.0])]).unwrap();
        let steps = vec![StepSpec { algorithm: "linear_regression".into(), ..StepSpec::default() }];
        let spec = Spec { steps, target: Some("y".into()), ..Spec::default() };
        let pipeline = fit(&spec, &table, &|_: &str, _| Ok(())).unwrap().pipeline;
        Arc::new(LoadedModel::new(Name::parse("model", "line").unwrap(), version, pipeline))
    }

    #[tokio::test]
    async fn a_file_is_written_once_for_all_who_ask_and_its_bytes_are_held() {
        let (exports, model) = (Exports::new(Memory::new(1 << 20)), line(1));

        let (one, other) = tokio::join!(exports.file(&model, STORED), exports.file(&model, STORED));
        let (one, later) = (one.unwrap(), exports.file(&model, STORED).await.unwrap());

        assert_eq!(one.content, model.to_onnx().unwrap());
        assert_eq!(one.sha256, sha256(&one.content));
        let places = [&one, &other.unwrap(), &later].map(|it| it.content.as_ptr());
        assert!(places.iter().all(|it| *it == places[0]), "the file was written again: {places:?}");
        assert_eq!(exports.memory.held(), one.content.len().next_multiple_of(1024));
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_nobody_asks_for_any_more_gives_its_memory_back_once_its_last_piece_has_gone() {
        let (exports, model) = (Exports::new(Memory::new(1 << 20)), line(1));
        let file = exports.file(&model, STORED).await.unwrap();
        let (piece, weak) = (file.content.slice(3..7), Arc::downgrade(&model));
        drop((file, model));
        assert!(weak.upgrade().is_none(), "a kept file keeps the model, which cannot be unloaded");

        tokio::time::sleep(KEPT_FOR * 2).await;
        let while_it_is_sent = exports.memory.held();
        drop(piece);

        assert!(while_it_is_sent > 0);
        assert_eq!((exports.memory.held(), locked(&exports.shelf).kept.len()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_read_piece_by_piece_stays_and_is_looked_after_again_later() {
        let (exports, models) = (Exports::new(Memory::new(1 << 20)), [line(1), line(2)]);
        let first = exports.file(&models[0], STORED).await.unwrap().content.as_ptr();
        exports.file(&models[1], STORED).await.unwrap();
        for _ in 0..5 {
            tokio::time::sleep(KEPT_FOR / 2).await;
            assert_eq!(exports.file(&models[0], STORED).await.unwrap().content.as_ptr(), first);
        }
        let kept = locked(&exports.shelf).kept.len();

        tokio::time::sleep(KEPT_FOR * 2).await;
        exports.file(&models[0], STORED).await.unwrap();
        tokio::time::sleep(KEPT_FOR * 2).await;

        assert_eq!((kept, exports.memory.held()), (1, 0));
    }

    #[tokio::test]
    async fn files_that_are_kept_make_room_for_another_and_other_memory_does_not() {
        let (memory, models) = (Memory::new(96 * 1024), [line(1), line(2)]);
        let exports = Exports::new(memory.clone());
        let around = MOST_BYTES_AROUND as usize;
        let mut others = memory.account().nothing();
        assert!(others.try_set(96 * 1024 - around - 10 * 1024));

        exports.file(&models[0], 1).await.unwrap();
        exports.file(&models[1], 2_400).await.unwrap();
        let kept = locked(&exports.shelf).kept.len();
        let refused = exports.file(&line(4), 3 * 1024).await.map(|_| ()).unwrap_err();
        let never = exports.file(&line(3), 1 << 20).await.map(|_| ()).unwrap_err();

        assert_eq!((kept, refused.code()), (1, Code::Overloaded));
        assert_eq!(never.code(), Code::FailedPrecondition);
        assert!(never.to_string().contains("\"line@3\" as ONNX may take"), "{never}");
        assert!(never.to_string().contains("the server has 98304 for all messages"), "{never}");
        assert!(others.try_set(0) && memory.held() <= 2 * 1024);
    }

    #[tokio::test]
    async fn a_file_whose_writing_was_left_is_written_for_the_next_who_asks() {
        let (exports, model) = (Exports::new(Memory::new(1 << 20)), line(1));

        let left = exports.file(&model, STORED).now_or_never();

        assert!(left.is_none());
        assert_eq!(exports.file(&model, STORED).await.unwrap().content, model.to_onnx().unwrap());
    }

    #[test]
    fn a_piece_has_as_many_bytes_as_fit_and_begins_within_the_file() {
        let of = |from| piece(from, 10, 25).unwrap();

        assert_eq!([of(None), of(Some(20)), of(Some(25))], [0..10, 20..25, 25..25]);
        for wrong in [-1, 26] {
            let refused = piece(Some(wrong), 10, 25).unwrap_err().to_string();
            assert!(refused.contains(&format!("from_byte is {wrong} and the file has 25 bytes")), "{refused}");
        }
    }
}
