//! What tests for each kind of source write, in T-SQL's words. They write the SQL that both know, as Postgres has it:
//! this puts other names on types, on series and on indexes that have none, and changes columns as T-SQL does. Nothing
//! inside quotes is touched.

/// Words of Postgres and of T-SQL.
const WORDS: [(&str, &str); 9] = [
    ("timestamptz", "datetimeoffset(6)"),
    ("timestamp", "datetime2(6)"),
    ("boolean", "bit"),
    ("numeric", "decimal"),
    ("bytea", "varbinary(100)"),
    ("uuid", "uniqueidentifier"),
    ("text", "nvarchar(400)"),
    ("true", "1"),
    ("false", "0"),
];

/// Each statement of a text, for a batch of its own: some may only stand alone.
pub fn statements(sql: &str) -> Vec<String> {
    split(sql)
        .iter()
        .enumerate()
        .map(|(number, statement)| translated(statement, number))
        .collect()
}

/// At semicolons outside of quotes, each part again in pieces inside and outside of quotes.
fn split(sql: &str) -> Vec<Vec<(bool, String)>> {
    let mut statements = vec![vec![(false, String::new())]];
    let mut quote = None;
    for letter in sql.chars() {
        let statement = statements.last_mut().expect("at least one");
        match quote {
            None if letter == ';' => {
                statements.push(vec![(false, String::new())]);
                continue;
            }
            None if matches!(letter, '\'' | '"' | '[') => {
                quote = Some(if letter == '[' { ']' } else { letter });
                statement.push((true, letter.to_string()));
            }
            _ => statement.last_mut().expect("a piece").1.push(letter),
        }
        if quote == Some(letter) && statement.last().is_some_and(|piece| piece.1.len() > 1) {
            quote = None;
            statement.push((false, String::new()));
        }
    }
    statements.retain(|pieces| pieces.iter().any(|(_, text)| !text.trim().is_empty()));
    statements
}

fn translated(pieces: &[(bool, String)], number: usize) -> String {
    let piece = |(quoted, text): &(bool, String)| match quoted {
        true => text.clone(),
        false => series(&words(text)),
    };
    let sql: String = pieces.iter().map(piece).collect();
    let sql = altered(sql.trim());
    sql.replacen("create index on", &format!("create index i{number} on"), 1)
}

/// T-SQL has no word before a column's new type, and a procedure for its new name.
fn altered(sql: &str) -> String {
    let words: Vec<&str> = sql.split_whitespace().collect();
    match words.as_slice() {
        [
            "alter",
            "table",
            table,
            "alter",
            "column",
            column,
            "type",
            of @ ..,
        ] => {
            format!("alter table {table} alter column {column} {}", of.join(" "))
        }
        ["alter", "table", table, "rename", "column", from, "to", to] => {
            let to = to.trim_matches('"');
            format!("exec sp_rename '{table}.{from}', '{to}', 'column'")
        }
        _ => sql.to_owned(),
    }
}

fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let end = match is_word(letter) {
            true => rest.find(|l| !is_word(l)).unwrap_or(rest.len()),
            false => letter.len_utf8(),
        };
        let word = &rest[..end];
        let known = WORDS.iter().find(|(ours, _)| *ours == word);
        out += known.map_or(word, |(_, theirs)| theirs);
        rest = &rest[end..];
    }
    out
}

/// `generate_series(1, 9) g` has one column, `g`.
fn series(text: &str) -> String {
    const NAME: &str = "generate_series(";
    let Some(start) = text.find(NAME) else {
        return text.to_owned();
    };
    let arguments = start + NAME.len();
    let close = arguments + closing(&text[arguments..]);
    let (call, after) = (&text[start..=close], &text[close + 1..]);
    let after = after.strip_prefix(" g").expect("a series is called g");
    format!(
        "{}(select value as g from {call}) as series{}",
        &text[..start],
        series(after)
    )
}

fn closing(text: &str) -> usize {
    let mut depth = 1;
    let end = text.char_indices().find(|(_, letter)| {
        depth += i32::from(*letter == '(') - i32::from(*letter == ')');
        depth == 0
    });
    end.expect("a parenthesis that closes").0
}

#[test]
fn what_stands_in_quotes_is_left_alone() {
    let sql = "create table t (c text, \"text\" int); insert into t select 'a; text', g from generate_series(1, (2)) g where 1 = 1;";
    assert_eq!(
        statements(sql),
        [
            "create table t (c nvarchar(400), \"text\" int)",
            "insert into t select 'a; text', g from (select value as g from generate_series(1, (2))) as series where 1 = 1"
        ]
    );
    assert_eq!(
        statements("create index on t (c)"),
        ["create index i0 on t (c)"]
    );
}

#[test]
fn columns_are_changed_in_t_sqls_words() {
    let sql =
        "alter table t alter column n type numeric(5, 1); alter table t rename column n to \"N\"";
    assert_eq!(
        statements(sql),
        [
            "alter table t alter column n decimal(5, 1)",
            "exec sp_rename 't.n', 'N', 'column'"
        ]
    );
}
