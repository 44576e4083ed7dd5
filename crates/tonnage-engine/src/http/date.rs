//! Dates as cookies spell them. Servers send far more than the three forms of RFC 9110 (dashes, two-digit years, no
//! weekday), so RFC 6265, section 5.1.1, looks for the parts of a date wherever they stand.

/// Seconds since 1970-01-01T00:00:00Z; None if the text is no date.
pub(super) fn parse_cookie_date(text: &str) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    // Delimiters by RFC 6265; ':' is none of them, so that a time is one piece.
    let delimiter = |c: char| matches!(c, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~');
    for piece in text.split(delimiter).filter(|piece| !piece.is_empty()) {
        if time.is_none() && parse_time(piece).is_some() {
            time = parse_time(piece);
        } else if day.is_none() && leading_number(piece, 1, 2).is_some() {
            day = leading_number(piece, 1, 2);
        } else if month.is_none() && parse_month(piece).is_some() {
            month = parse_month(piece);
        } else if year.is_none() {
            year = leading_number(piece, 2, 4);
        }
    }
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    let (day, month, time) = (day?, month?, time?);
    if year < 1601 || day == 0 || day > days_in(month, year) {
        return None;
    }
    Some(days_since_epoch(year, month, day) * 86_400 + time)
}

/// A number of `least` to `most` digits that no further digit follows.
fn leading_number(piece: &str, least: usize, most: usize) -> Option<i64> {
    let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
    (least..=most).contains(&digits).then(|| piece[..digits].parse().ok())?
}

/// h:m:s as seconds of the day.
fn parse_time(piece: &str) -> Option<i64> {
    let mut parts = piece.splitn(3, ':');
    let exact = |part: &str| leading_number(part, 1, 2).filter(|_| part.bytes().all(|b| b.is_ascii_digit()));
    let (hour, minute) = (exact(parts.next()?)?, exact(parts.next()?)?);
    let second = leading_number(parts.next()?, 1, 2)?;
    (hour < 24 && minute < 60 && second < 60).then_some((hour * 60 + minute) * 60 + second)
}

fn parse_month(piece: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = piece.get(..3)?;
    MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name)).map(|index| index as i64 + 1)
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar from 1970-01-01.
/// Years begin in March here, so that the leap day is the last of its year. Source: Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", days_from_civil.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse_cookie_date;

    #[test]
    fn every_spelling_of_the_same_second_agrees() {
        let spellings = [
            "Sun, 06 Nov 1994 08:49:37 GMT",  // RFC 9110 5.6.7, IMF-fixdate
            "Sunday, 06-Nov-94 08:49:37 GMT", // obsolete RFC 850
            "Sun Nov  6 08:49:37 1994",       // asctime
            "Sun, 06-Nov-1994 08:49:37 GMT",  // Netscape
            "6 nov 1994 8:49:37",             // RFC 6265 5.1.1 asks for no weekday and no zone
            "08:49:37 1994 November 06th",
        ];
        for text in spellings {
            assert_eq!(parse_cookie_date(text), Some(784_111_777), "{text}");
        }
    }

    #[test]
    fn the_ends_of_the_calendar_are_exact() {
        let table = [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Thu, 29 Feb 2024 12:00:00 GMT", Some(1_709_208_000)),
            ("Wed, 29 Feb 2023 12:00:00 GMT", None),
            ("Tue, 19 Jan 2038 03:14:08 GMT", Some(2_147_483_648)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
            ("Mon, 01 Jan 1601 00:00:00 GMT", Some(-11_644_473_600)),
            ("Fri, 31 Dec 1600 23:59:59 GMT", None),
            ("Wed, 01 Jan 2025 24:00:00 GMT", None),
            ("01 Jan 69 00:00:00", Some(3_124_224_000)),
            ("", None),
            ("tomorrow", None),
            ("é1 Jän 2025 00:00:00", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_cookie_date(text), expected, "{text}");
        }
    }
}
