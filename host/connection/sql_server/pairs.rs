//! A connection string of SQL Server → its pairs of key and value. ADO strings quote with `'…'`, `"…"` or `{…}`, JDBC
//! URLs with `{…}` only. The client's own parsers take ASCII only and do not say which keys they leave out.
//! No error of this module shows any part of the string.

/// What starts a JDBC URL.
const JDBC: &str = "jdbc:sqlserver://";

/// One pair. The key is in small letters and without blanks: `Initial Catalog` is `initialcatalog`.
#[derive(PartialEq, Eq)]
pub struct Pair {
    pub key: String,
    pub value: String,
}

impl Pair {
    pub fn new(key: &str, value: impl Into<String>) -> Self {
        let letters = key.chars().filter(|letter| !letter.is_whitespace());
        Self {
            key: letters.flat_map(char::to_lowercase).collect(),
            value: value.into(),
        }
    }
}

/// The pairs in their order. The server of a JDBC URL comes first, in ADO's form.
///
/// # Errors
/// A sentence that says what is wrong without showing any of it.
pub fn split(text: &str) -> Result<Vec<Pair>, String> {
    let text = text.trim();
    let is_jdbc = text
        .get(..JDBC.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(JDBC));
    if !is_jdbc {
        return rest_of(text, &['\'', '"', '{']);
    }
    let rest = &text[JDBC.len()..];
    let (server, rest) = rest.split_once(';').unwrap_or((rest, ""));
    let mut pairs = Vec::new();
    if !server.is_empty() {
        pairs.push(Pair::new("server", in_ados_form(server)));
    }
    pairs.extend(rest_of(rest, &['{'])?);
    Ok(pairs)
}

/// `host\instance:port` → `host\instance,port`; an address of version 6 has colons of its own, in brackets.
fn in_ados_form(server: &str) -> String {
    if let Some((address, port)) = server
        .strip_prefix('[')
        .and_then(|server| server.split_once(']'))
    {
        return format!("{address}{}", port.replacen(':', ",", 1));
    }
    server.replacen(':', ",", 1)
}

fn rest_of(text: &str, quotes: &[char]) -> Result<Vec<Pair>, String> {
    let mut pairs = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|letter: char| letter == ';' || letter.is_whitespace());
        if rest.is_empty() {
            return Ok(pairs);
        }
        let (key, after) = rest
            .split_once('=')
            .filter(|(key, _)| !key.contains(';') && !key.trim().is_empty())
            .ok_or("it is neither a jdbc:sqlserver:// URL nor a list of key=value; between \";\"; a value with \";\" must be quoted")?;
        let (value, after) = value(after.trim_start(), quotes)?;
        pairs.push(Pair::new(key, value));
        rest = after;
    }
}

/// The value at the start, and what follows it.
fn value<'a>(text: &'a str, quotes: &[char]) -> Result<(String, &'a str), String> {
    let Some(quote) = text.chars().next().filter(|first| quotes.contains(first)) else {
        let end = text.find(';').unwrap_or(text.len());
        return Ok((text[..end].trim_end().to_owned(), &text[end..]));
    };
    let end = if quote == '{' { '}' } else { quote };
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != end {
            value.push(letter);
            continue;
        }
        if letters.next_if(|(_, next)| *next == end).is_some() {
            value.push(end);
            continue;
        }
        let after = text[at + end.len_utf8()..].trim_start();
        if after.is_empty() || after.starts_with(';') {
            return Ok((value, after));
        }
        return Err("letters follow a quoted value in it".to_owned());
    }
    Err("a quoted value in it does not end".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, String)> {
        let pairs = split(text).unwrap_or_else(|problem| panic!("{problem}"));
        pairs
            .into_iter()
            .map(|pair| (pair.key, pair.value))
            .collect()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn values_may_be_quoted_in_three_ways() {
        let expected = [
            pair("server", "h,1"),
            pair("initialcatalog", "d"),
            pair("userid", "ü"),
            pair("password", "a;'b\"=="),
            pair("pwd", ""),
        ];
        for password in ["\"a;'b\"\"==\"", "'a;''b\"=='", "{a;'b\"==}"] {
            let text =
                format!("Server=h,1;; Initial Catalog = d ; User ID=ü;Password={password};pwd=");
            assert_eq!(shown(&text), expected);
        }
        assert_eq!(shown("password={a}}b}"), [pair("password", "a}b")]);
        assert_eq!(shown("password=a==b "), [pair("password", "a==b")]);
    }

    #[test]
    fn a_jdbc_url_names_the_server_first() {
        assert_eq!(
            shown("jdbc:sqlserver://h\\i:5;user=u;password='a';encrypt=true;"),
            [
                pair("server", "h\\i,5"),
                pair("user", "u"),
                pair("password", "'a'"),
                pair("encrypt", "true")
            ]
        );
        assert_eq!(shown("jdbc:sqlserver://[::1]:5"), [pair("server", "::1,5")]);
        assert_eq!(
            shown("JDBC:sqlserver://;serverName=h"),
            [pair("servername", "h")]
        );
    }

    #[test]
    fn what_cannot_be_split_is_not_shown() {
        for text in [
            "canary",
            "server=h;canary",
            "=canary",
            "password='canary",
            "password={canary",
            "password='canary'x",
        ] {
            let problem = split(text).err().unwrap_or_default();
            assert!(
                !problem.is_empty() && !problem.contains("canary"),
                "{text}: {problem}"
            );
        }
    }
}
