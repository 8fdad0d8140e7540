//! Markers of missing values among figures, infinities and times at the edge.

use super::{
    super::profile::DataType,
    people_tests::{codes, profile, range},
};

#[test]
fn markers_and_infinities_among_figures_are_no_values() {
    for marker in [
        "Inf",
        "-Inf",
        "inf",
        "-inf",
        "Infinity",
        "-nan(ind)",
        "N.D.",
        "not available",
        "unbekannt",
    ] {
        let rows: String = (0..40)
            .map(|row| {
                let value = format!("{row}.5");
                format!("{row},{}\n", if row % 9 == 5 { marker } else { &value })
            })
            .collect();
        let profile = profile(&format!("id,v\n{rows}"));
        let column = &profile.columns[1];
        assert_eq!((column.data_type, column.missing), (DataType::Number, 4), "{marker}");
        assert_eq!((range(column), column.markers[0].missing), ((0.5, 39.5), true), "{marker}");
        let is_infinite = marker.to_lowercase().contains("inf");
        let expected = if is_infinite { vec![("infinite", Some(7))] } else { vec![] };
        assert_eq!(codes(&profile), expected, "{marker}");
    }
    let dates = profile("id,d\n1,2024-01-01\n2,0000-00-00\n3,2024-01-03\n");
    assert_eq!((dates.columns[1].data_type, dates.columns[1].missing), (DataType::Date, 1));
    let texts = profile("id,name\n1,Inf\n2,unbekannt\n3,Ann\n");
    assert_eq!((texts.columns[1].count, texts.columns[1].missing), (3, 0));
}

#[test]
fn the_end_of_a_day_and_times_without_signs_are_times() {
    for text in [
        "id;t\n1;01.01.2024 23:00\n2;01.01.2024 24:00\n",
        "id;t\n1;20240115T101111Z\n2;20240115T101112Z\n",
    ] {
        assert_eq!(profile(text).columns[1].data_type, DataType::Date, "{text:?}");
    }
}
