//! What holds for any rows in any pieces.

use super::*;
use crate::data::Values;
use crate::datasets::parts::Cutter;
use proptest::collection::vec;
use proptest::prelude::*;

fn any_table() -> impl Strategy<Value = Table> {
    let float = prop_oneof![Just(f64::NAN), Just(-0.0), Just(f64::INFINITY), any::<f64>()];
    let row = (
        proptest::option::of(float),
        proptest::option::of(any::<i64>()),
        proptest::option::of(any::<bool>()),
        proptest::option::of("[aä\0]{0,3}"),
    );
    vec(row, 1..20).prop_map(|rows| {
        let named = |name: &str, values| Column { name: name.into(), values };
        Table::new(vec![
            named("f", Values::Float(rows.iter().map(|row| row.0).collect())),
            named("i", Values::Integer(rows.iter().map(|row| row.1).collect())),
            named("b", Values::Boolean(rows.iter().map(|row| row.2).collect())),
            named("t", Values::Text(rows.iter().map(|row| row.3.clone()).collect())),
        ])
        .unwrap()
    })
}

/// The rows in pieces that end at these rows.
fn split(table: &Table, ends: &[usize]) -> Vec<Table> {
    let mut ends: Vec<_> = ends.iter().map(|end| end % table.n_rows()).chain([table.n_rows()]).collect();
    ends.sort_unstable();
    let begins = std::iter::once(0).chain(ends.clone());
    begins.zip(&ends).map(|(from, to)| table.slice(from, to - from)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_version_does_not_depend_on_the_pieces_in_which_its_rows_came(
        table in any_table(),
        ends in vec(any::<usize>(), 0..4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let datasets = open(folder.path()).await;
            let whole = store(&datasets, "whole", std::slice::from_ref(&table)).await;
            let pieces = store(&datasets, "pieces", &split(&table, &ends)).await;

            let (_, statistics) = datasets.describe(&reference("whole")).unwrap();
            assert_eq!(datasets.describe(&reference("pieces")).unwrap().1, statistics);
            assert_eq!(Dataset { name: whole.name.clone(), ..pieces }, whole);
            assert_eq!(whole.sha256, rows_sha256(&table));
            let (_, read) = datasets.read(&reference("pieces")).await.unwrap();
            assert_eq!(rows_sha256(&read), whole.sha256);
            let part = |name: &str| folder.path().join(format!("datasets/{name}/1/part-1.parquet"));
            assert_eq!(std::fs::read(part("pieces")).unwrap(), std::fs::read(part("whole")).unwrap());
        });
    }

    #[test]
    fn parts_do_not_depend_on_pieces(
        table in any_table(),
        ends in vec(any::<usize>(), 0..4),
        part_bytes in 1..200u64,
    ) {
        let cut = |pieces: Vec<Table>| {
            let mut cutter = Cutter::new(part_bytes);
            let mut parts: Vec<_> = pieces.iter().flat_map(|piece| cutter.push(piece).unwrap()).collect();
            parts.extend(cutter.finish().unwrap());
            parts.iter().map(|part| (part.n_rows(), rows_sha256(part))).collect::<Vec<_>>()
        };

        let whole = cut(vec![table.clone()]);

        assert_eq!(cut(split(&table, &ends)), whole);
        assert_eq!(whole.iter().map(|(n_rows, _)| n_rows).sum::<usize>(), table.n_rows());
    }

    #[test]
    fn rows_survive_a_file(table in any_table()) {
        let read = decode(encode(&table).unwrap()).unwrap();

        assert_eq!(read.schema(), table.schema());
        assert_eq!(rows_sha256(&read), rows_sha256(&table));
    }
}
