//! Names of the months.

/// Names by language; of two languages that mean different months by one text, the first wins.
const LANGUAGES: [&str; 23] = [
    // English, German, Austrian German, French, Spanish, Italian, Dutch, Portuguese
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    // Swedish, Danish, Norwegian, Finnish
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar marts april maj juni juli august september oktober november december",
    "januar februar mars april mai juni juli august september oktober november desember",
    "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu \
     joulukuu",
    "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta \
     lokakuuta marraskuuta joulukuuta",
    // Polish and Czech, also as they stand in dates
    "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad \
     grudzień",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada \
     grudnia",
    "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec",
    "ledna února března dubna května června července srpna září října listopadu prosince",
    // Hungarian, Romanian, Turkish, Russian, also as in dates
    "január február március április május június július augusztus szeptember október november december",
    "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie \
     decembrie",
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
];
/// Short names that are no beginnings of the names.
const SHORT: [(&str, i64); 3] = [("mrz", 3), ("mrt", 3), ("sept", 9)];
/// Minimum length of a shortened name, in letters.
const MIN_LETTERS: usize = 3;

/// Number of the month with this name, from 1.
pub(super) fn month(text: &str) -> Option<i64> {
    if text.chars().count() < MIN_LETTERS || !text.chars().all(char::is_alphabetic) {
        return None;
    }
    let name = text.to_lowercase();
    let short = SHORT.iter().find(|(short, _)| *short == name);
    short.map(|(_, number)| *number).or_else(|| LANGUAGES.iter().find_map(|it| within(it, &name)))
}

/// Number of a month in one language.
fn within(names: &str, name: &str) -> Option<i64> {
    let numbered = || names.split_ascii_whitespace().zip(1..);
    if let Some((_, number)) = numbered().find(|(whole, _)| *whole == name) {
        return Some(number);
    }
    let mut found = numbered().filter(|(whole, _)| whole.starts_with(name));
    match (found.next(), found.next()) {
        (Some((_, number)), None) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_known_in_several_languages() {
        for (names, expected) in [
            ("Jan JANUARY jän janv ene gen янв", 1),
            ("fév fev Feb févr lutego feber", 2),
            ("mär mrz maa mrt mar maaliskuuta", 3),
            ("avr abr kwietnia", 4),
            ("maj mag mei mai May мая", 5),
            ("juin giu června", 6),
            ("juil lug července lipca", 7),
            ("aoû aou ago augusti", 8),
            ("sept set września", 9),
            ("okt ott out október", 10),
            ("nov listopadu marras", 11),
            ("dez des déc dic prosince aralık", 12),
            ("jui apples heights ma may1 marks", 0),
        ] {
            for name in names.split(' ') {
                assert_eq!(month(name).unwrap_or(0), expected, "{name}");
            }
        }
    }
}
