//! Encodings of texts in which signs or few letters decide.

use super::*;

/// The bytes of a text in an encoding.
fn bytes(text: &str, charset: Charset) -> Vec<u8> {
    let byte = |char: char| {
        let found = (128..=u8::MAX).find(|byte| charset.char_of(*byte) == char);
        if char.is_ascii() { char as u8 } else { found.unwrap() }
    };
    text.chars().map(byte).collect()
}

#[test]
fn signs_are_those_of_windows() {
    for text in [
        "id,v\n1,5 µm\n",
        "µg/m³\n",
        "t,v\n1,20°C ±1\n2,21°C ±2\n",
        "a\n©1 ®\n",
        "a\nit’s 1\n",
        "“it’s” – € 1\n",
        "temp (°C);µ\n1;2\n",
        "price\n5 €\n7 €\n",
        "area\n5 m²\n",
        "“quoted”,§ 5,½\n",
        "a\n1\u{a0}234\n",
    ] {
        let found = guess(&bytes(text, WINDOWS), true);
        assert_eq!(found, Guess { charset: WINDOWS, rival: None }, "{text:?}");
    }
}

#[test]
fn words_are_read_in_the_encoding_in_which_they_were_written() {
    let [_, iso, windows, dos, mac, dos_central] = LATIN;
    for (text, charset) in [
        ("Reykjavík Þór Æ\n", WINDOWS),
        ("það,Ísafjörður,þú\n", WINDOWS),
        ("São Paulo,não,João\n", WINDOWS),
        ("João\n", WINDOWS),
        ("naïve “x”\n", WINDOWS),
        ("Ångström\n", WINDOWS),
        ("Sørensen,Ærø,smørrebrød på\n", WINDOWS),
        ("l’été,c’est déjà\n", WINDOWS),
        ("Logroño España\n", mac),
        ("García,así,Málaga\n", mac),
        ("“it’s” – 20°C\n", mac),
        ("Příliš žluťoučký kůň\n", dos_central),
        ("Łódź Kraków\n", dos_central),
        ("Příliš žluťoučký kůň\n", windows),
        ("Łódź,Gdańsk,Świętokrzyskie\n", iso),
        ("Müller,Straße,Köln\n", dos),
        ("München,garçon,père\n", dos),
        ("España,señor,año\n", dos),
    ] {
        let found = guess(&bytes(text, charset), true);
        let (found, expected) = (read(&bytes(text, charset), found.charset), text.chars());
        assert_eq!(found, expected.collect::<Vec<_>>(), "{text:?} {}", charset.name());
    }
}

#[test]
fn two_readings_that_are_near_each_other_are_told() {
    for (text, charset, is_unsure) in [
        ("Ångström Øre\n", Charset::Ibm850, true),
        ("Reykjavík Þór Æ\n", WINDOWS, false),
        ("Müller,Meier\n", Charset::Ibm850, false),
        ("Straße,Größe\nMüller,schön\n", WINDOWS, false),
        ("Sørensen,smørrebrød på\n", WINDOWS, false),
    ] {
        let found = guess(&bytes(text, charset), true);
        assert_eq!((found.charset, found.rival.is_some()), (charset, is_unsure), "{text:?}");
    }
}
