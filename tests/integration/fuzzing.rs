//! Every fuzz target over its corpus and over bytes like those: a rehearsal of `make fuzz` that takes seconds.

use crate::harness::{Random, seed};
use modelwire::wire::fuzzing::{TARGETS, Target};
use std::panic::catch_unwind;
use std::path::Path;

const MUTATIONS: usize = 10_000;
/// Inputs are no longer than what the limits of the targets tell from longer ones.
const MOST_BYTES: usize = 6_000;

/// The inputs of a target, in the order of their names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Panics with the bytes that made a target panic.
fn run(name: &str, target: Target, bytes: &[u8]) {
    let done = catch_unwind(|| target(bytes));
    assert!(done.is_ok(), "{name} over {}", bytes.escape_ascii());
}

/// One to four changes: bits, cuts, splices, inserts, and words of four bytes that could be lengths.
fn mutated(inputs: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = pick(inputs, random).clone();
    for _ in 0..=random.next() % 4 {
        let at = below(bytes.len() + 1, random);
        match random.next() % 6 {
            0 if at < bytes.len() => bytes[at] ^= 1 << (random.next() % 8),
            1 if at < bytes.len() => bytes[at] = random.next().to_le_bytes()[0],
            2 => bytes.truncate(at),
            3 => {
                let other = pick(inputs, random);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[below(other.len() + 1, random)..]);
            }
            4 => {
                let inserted = vec![random.next().to_le_bytes()[0]; below(20, random)];
                bytes.splice(at..at, inserted);
            }
            _ => {
                const LENGTHS: [u32; 8] = [0, 1, 255, 4096, 4097, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
                let length = LENGTHS[below(LENGTHS.len(), random)].to_be_bytes();
                let end = bytes.len().min(at + length.len());
                bytes.splice(at..end, length);
            }
        }
    }
    bytes.truncate(MOST_BYTES);
    bytes
}

fn pick<'a>(inputs: &'a [Vec<u8>], random: &mut Random) -> &'a Vec<u8> {
    &inputs[below(inputs.len(), random)]
}

fn below(end: usize, random: &mut Random) -> usize {
    (random.next() % end.max(1) as u64) as usize
}

#[test]
fn no_target_breaks_a_law_over_its_corpus_or_ten_thousand_bytes_like_it() {
    let seed = seed();
    for (name, target) in TARGETS {
        let (inputs, started) = (corpus(name), std::time::Instant::now());
        assert!(inputs.len() >= 8, "{name} has a corpus of {}", inputs.len());
        for bytes in &inputs {
            run(name, target, bytes);
        }
        let mut random = Random(seed);
        for _ in 0..MUTATIONS {
            run(name, target, &mutated(&inputs, &mut random));
        }
        println!("{name}: {} inputs and {MUTATIONS} mutations in {:?}", inputs.len(), started.elapsed());
    }
}
