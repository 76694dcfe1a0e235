//! T-SQL to SQLite: the shapes a test and a cursor extraction use, nothing more.
use crate::types::Ty;

#[derive(Clone, Debug, PartialEq)]
pub enum Tok {
    Word(String),
    Quoted(String),
    Str(String),
    Num(String),
    Var(String),
    Sym(String),
    Ws,
}
impl Tok {
    pub fn is(&self, w: &str) -> bool {
        matches!(self, Tok::Word(x) if x.eq_ignore_ascii_case(w))
    }
    pub fn sym(&self, s: &str) -> bool {
        matches!(self, Tok::Sym(x) if x == s)
    }
}

pub fn lex(s: &str) -> Result<Vec<Tok>, String> {
    let c: Vec<char> = s.chars().collect();
    let (mut i, mut out) = (0, Vec::new());
    let quoted = |i: &mut usize, end: char| -> Result<String, String> {
        let mut v = String::new();
        *i += 1;
        loop {
            match c.get(*i) {
                None => return Err("Unclosed quotation mark after the character string.".into()),
                Some(&x) if x == end && c.get(*i + 1) == Some(&end) => {
                    v.push(end);
                    *i += 2
                }
                Some(&x) if x == end => {
                    *i += 1;
                    return Ok(v);
                }
                Some(&x) => {
                    v.push(x);
                    *i += 1
                }
            }
        }
    };
    while i < c.len() {
        let x = c[i];
        if x.is_whitespace() {
            i += 1;
            if out.last() != Some(&Tok::Ws) {
                out.push(Tok::Ws)
            }
            continue;
        }
        if x == '-' && c.get(i + 1) == Some(&'-') {
            while i < c.len() && c[i] != '\n' {
                i += 1
            }
            continue;
        }
        if x == '/' && c.get(i + 1) == Some(&'*') {
            while i + 1 < c.len() && !(c[i] == '*' && c[i + 1] == '/') {
                i += 1
            }
            i += 2;
            continue;
        }
        if x == '\'' || ((x == 'N' || x == 'n') && c.get(i + 1) == Some(&'\'')) {
            if x != '\'' {
                i += 1
            }
            out.push(Tok::Str(quoted(&mut i, '\'')?));
            continue;
        }
        if x == '[' {
            out.push(Tok::Quoted(quoted(&mut i, ']')?));
            continue;
        }
        if x == '"' {
            out.push(Tok::Quoted(quoted(&mut i, '"')?));
            continue;
        }
        let st = i;
        if x == '0' && matches!(c.get(i + 1), Some('x' | 'X')) {
            i += 2;
            while i < c.len() && c[i].is_ascii_hexdigit() {
                i += 1
            }
            let h: String = c[st + 2..i].iter().collect();
            out.push(Tok::Num(format!("x'{h}'")));
            continue;
        }
        if x.is_ascii_digit() || (x == '.' && c.get(i + 1).is_some_and(|d| d.is_ascii_digit())) {
            while i < c.len() && (c[i].is_ascii_alphanumeric() || c[i] == '.') {
                i += 1
            }
            let n: String = c[st..i].iter().collect();
            out.push(if n.contains('.') && !n.contains(['e', 'E']) {
                Tok::Str(n)
            } else {
                Tok::Num(n)
            });
            continue;
        }
        if x.is_alphanumeric() || "_@#$".contains(x) {
            while i < c.len() && (c[i].is_alphanumeric() || "_@#$".contains(c[i])) {
                i += 1
            }
            let w: String = c[st..i].iter().collect();
            out.push(if x == '@' { Tok::Var(w) } else { Tok::Word(w) });
            continue;
        }
        let two: String = c[i..(i + 2).min(c.len())].iter().collect();
        if ["<=", ">=", "<>", "!=", "%%"].contains(&two.as_str()) {
            out.push(Tok::Sym(two));
            i += 2
        } else {
            out.push(Tok::Sym(x.to_string()));
            i += 1
        }
    }
    Ok(out)
}

pub fn render(t: &[Tok]) -> String {
    let mut s = String::new();
    for t in t {
        match t {
            Tok::Word(w) | Tok::Num(w) | Tok::Var(w) | Tok::Sym(w) => s.push_str(w),
            Tok::Quoted(w) => {
                s.push('"');
                s.push_str(&w.replace('"', "\"\""));
                s.push('"')
            }
            Tok::Str(w) => {
                s.push('\'');
                s.push_str(&w.replace('\'', "''"));
                s.push('\'')
            }
            Tok::Ws => s.push(' '),
        }
    }
    s
}
fn trim(mut t: &[Tok]) -> &[Tok] {
    while let Some((Tok::Ws, r)) = t.split_first() {
        t = r
    }
    while let Some((Tok::Ws, r)) = t.split_last() {
        t = r
    }
    t
}
/// Index just past the parenthesis group opening at `i`.
fn group(t: &[Tok], i: usize) -> usize {
    let mut d = 0;
    for (k, x) in t.iter().enumerate().skip(i) {
        if x.sym("(") {
            d += 1
        }
        if x.sym(")") {
            d -= 1;
            if d == 0 {
                return k + 1;
            }
        }
    }
    t.len()
}
fn next(t: &[Tok], mut i: usize) -> usize {
    while t.get(i) == Some(&Tok::Ws) {
        i += 1
    }
    i
}

/// Top-level occurrences of a word, ignoring parentheses.
fn find(t: &[Tok], w: &str) -> Option<usize> {
    let mut d = 0;
    for (k, x) in t.iter().enumerate() {
        if x.sym("(") {
            d += 1
        } else if x.sym(")") {
            d -= 1
        } else if d == 0 && x.is(w) {
            return Some(k);
        }
    }
    None
}
pub fn split(t: &[Tok], sep: &str) -> Vec<Vec<Tok>> {
    let (mut d, mut out, mut cur) = (0, vec![], vec![]);
    for x in t {
        if x.sym("(") {
            d += 1
        } else if x.sym(")") {
            d -= 1
        }
        if d == 0 && x.sym(sep) {
            out.push(std::mem::take(&mut cur));
        } else {
            cur.push(x.clone())
        }
    }
    out.push(cur);
    out
}
/// Statements of a batch: `;`, or a statement keyword where no `;` was written after SET.
pub fn statements(t: &[Tok]) -> Vec<Vec<Tok>> {
    let mut out = vec![];
    for s in split(t, ";") {
        let mut s = trim(&s).to_vec();
        while s.first().is_some_and(|x| x.is("SET")) {
            match s.iter().skip(1).position(|x| {
                ["SELECT", "SET", "INSERT", "UPDATE", "DELETE", "WITH"]
                    .iter()
                    .any(|k| x.is(k))
            }) {
                Some(p) => {
                    let r = s.split_off(p + 1);
                    out.push(std::mem::replace(&mut s, r));
                }
                None => break,
            }
        }
        if !s.is_empty() {
            out.push(s)
        }
    }
    out
}

pub struct Plan {
    pub sql: String,
    pub hide_last: bool,
    pub cast: Vec<Option<Ty>>,
}

/// One SELECT/DML statement.
pub fn plan(t: &[Tok]) -> Result<Plan, String> {
    let t = generic(t);
    let t = trim(&t);
    let (mut hide_last, mut cast) = (false, vec![]);
    let sql = if t.first().is_some_and(|x| x.is("SELECT")) {
        let (s, h, c) = select(t);
        hide_last = h;
        cast = c;
        render(&s)
    } else {
        render(t)
    };
    Ok(Plan {
        sql,
        hide_last,
        cast,
    })
}

/// Rewrites that hold anywhere: hints, names, functions, casts, nested TOP.
fn generic(t: &[Tok]) -> Vec<Tok> {
    let mut o: Vec<Tok> = vec![];
    let mut i = 0;
    while i < t.len() {
        let x = &t[i];
        let n = next(t, i + 1);
        let paren = t.get(n).is_some_and(|y| y.sym("("));
        if x.is("OPTION") && paren {
            i = group(t, n);
            continue;
        }
        if x.is("WITH")
            && paren
            && o.iter()
                .any(|y| y.is("FROM") || y.is("JOIN") || y.is("UPDATE") || y.is("INTO"))
        {
            i = group(t, n);
            continue;
        }
        if (x.is("CAST") || x.is("TRY_CAST")) && paren {
            let e = group(t, n);
            let body = &t[n + 1..e - 1];
            if let Some(a) = find(body, "AS") {
                let ty = render(trim(&body[a + 1..]));
                o.push(Tok::Word("CAST".into()));
                o.push(Tok::Sym("(".into()));
                o.extend(generic(&body[..a]));
                o.extend([
                    Tok::Ws,
                    Tok::Word("AS".into()),
                    Tok::Ws,
                    Tok::Quoted(decl(&ty, true)),
                ]);
                o.push(Tok::Sym(")".into()));
                i = e;
                continue;
            }
        }
        if x.is("CONVERT") && paren {
            let e = group(t, n);
            let p = split(&t[n + 1..e - 1], ",");
            if p.len() >= 2 {
                o.push(Tok::Word("CAST".into()));
                o.push(Tok::Sym("(".into()));
                o.extend(generic(&p[1]));
                o.extend([
                    Tok::Ws,
                    Tok::Word("AS".into()),
                    Tok::Ws,
                    Tok::Quoted(decl(&render(trim(&p[0])), true)),
                ]);
                o.push(Tok::Sym(")".into()));
                i = e;
                continue;
            }
        }
        if x.sym("(") {
            // subquery
            let e = group(t, i);
            let body = generic(&t[i + 1..e - 1]);
            let b = trim(&body);
            o.push(x.clone());
            if b.first().is_some_and(|y| y.is("SELECT")) {
                let (s, h, _) = select(b);
                o.extend(s);
                debug_assert!(!h)
            } else {
                o.extend(body)
            }
            if e <= t.len() && t[e - 1].sym(")") {
                o.push(Tok::Sym(")".into()))
            }
            i = e;
            continue;
        }
        if x.is("sys") && dot(t, i + 1) && t.get(i + 2).is_some_and(|y| y.is("dm_exec_sessions")) {
            o.push(Tok::Word("temp".into()));
            i += 1;
            continue;
        }
        // db.schema.table -> schema.table
        if matches!(x, Tok::Word(_) | Tok::Quoted(_))
            && dot(t, i + 1)
            && word(t, i + 2)
            && dot(t, i + 3)
            && word(t, i + 4)
            && !dot(t, i.wrapping_sub(1))
            && is_schema(&t[i + 2])
        {
            i += 2;
            continue;
        }
        match x {
            Tok::Var(v) if v.eq_ignore_ascii_case("@@version") => o.push(Tok::Str(
                "Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (X64) test server".into(),
            )),
            Tok::Var(v) if v.eq_ignore_ascii_case("@@spid") => o.push(Tok::Num("51".into())),
            Tok::Var(v) if v.eq_ignore_ascii_case("@@trancount") => o.push(Tok::Num("0".into())),
            Tok::Word(w)
                if paren
                    && [
                        "ISNULL",
                        "LEN",
                        "DATALENGTH",
                        "COUNT_BIG",
                        "GETDATE",
                        "SYSDATETIME",
                        "SYSUTCDATETIME",
                        "GETUTCDATE",
                    ]
                    .iter()
                    .any(|k| w.eq_ignore_ascii_case(k)) =>
            {
                o.push(Tok::Word(
                    match w.to_ascii_uppercase().as_str() {
                        "ISNULL" => "IFNULL",
                        "LEN" => "LENGTH",
                        "DATALENGTH" => "OCTET_LENGTH",
                        "COUNT_BIG" => "COUNT",
                        _ => "ms_now",
                    }
                    .into(),
                ))
            }
            _ => o.push(x.clone()),
        }
        i += 1;
    }
    o
}
fn dot(t: &[Tok], i: usize) -> bool {
    t.get(i).is_some_and(|x| x.sym("."))
}
fn word(t: &[Tok], i: usize) -> bool {
    matches!(t.get(i), Some(Tok::Word(_) | Tok::Quoted(_)))
}
fn is_schema(t: &Tok) -> bool {
    matches!(t, Tok::Word(w) | Tok::Quoted(w) if ["dbo", "sys", "information_schema"].contains(&w.to_ascii_lowercase().as_str()))
}

/// TOP (n) [WITH TIES] and the declared types of CAST items.
fn select(t: &[Tok]) -> (Vec<Tok>, bool, Vec<Option<Ty>>) {
    let mut i = next(t, 1);
    if t.get(i).is_some_and(|x| x.is("DISTINCT") || x.is("ALL")) {
        i = next(t, i + 1)
    }
    let head = t[..i].to_vec();
    let (mut top, mut ties) = (None, false);
    if t.get(i).is_some_and(|x| x.is("TOP")) {
        let n = next(t, i + 1);
        let e = if t[n].sym("(") { group(t, n) } else { n + 1 };
        top = Some(t[n..e].to_vec());
        i = next(t, e);
        if t.get(i).is_some_and(|x| x.is("WITH"))
            && t.get(next(t, i + 1)).is_some_and(|x| x.is("TIES"))
        {
            ties = true;
            i = next(t, next(t, i + 1) + 1)
        }
    }
    let rest = &t[i..];
    let from = find(rest, "FROM").unwrap_or(rest.len());
    let cast = split(&rest[..from], ",")
        .iter()
        .map(|it| cast_type(it))
        .collect();
    let w = |s: &str| Tok::Word(s.to_string());
    match top {
        None => {
            let mut o = head;
            o.extend(rest.to_vec());
            (o, false, cast)
        }
        Some(n) if ties => {
            let ord = find(rest, "ORDER").unwrap_or(rest.len());
            let mut o = vec![w("SELECT * FROM (")];
            o.extend(head);
            o.extend(rest[..from].to_vec());
            o.extend([w(", RANK() OVER ("), Tok::Ws]);
            o.extend(rest[ord..].to_vec());
            o.push(w(") AS __ties "));
            o.extend(rest[from..ord].to_vec());
            o.push(w(") WHERE __ties <= "));
            o.extend(n);
            o.push(w(" ORDER BY __ties"));
            (o, true, cast)
        }
        Some(n) => {
            let mut o = head;
            o.extend(rest.to_vec());
            o.push(w(" LIMIT "));
            o.extend(n);
            (o, false, cast)
        }
    }
}
fn cast_type(it: &[Tok]) -> Option<Ty> {
    let it = trim(it);
    if it.first()?.is("COUNT") {
        return Some(Ty::BigInt);
    }
    if !it.first()?.is("CAST") {
        return None;
    }
    let e = group(it, 1);
    it[..e].iter().rev().find_map(|x| match x {
        Tok::Quoted(q) => Some(parse_decl(q)?.0),
        _ => None,
    })
}
/// Declared type kept inside SQLite: `tsql type|nullable|affinity`.
pub fn decl(ty: &str, nullable: bool) -> String {
    let t = ty.replace('"', "").trim().to_ascii_lowercase();
    format!(
        "{t}|{}|{}",
        if nullable { "y" } else { "n" },
        Ty::parse(&t).map(|t| t.affinity()).unwrap_or("BLOB")
    )
}
pub fn parse_decl(d: &str) -> Option<(Ty, bool)> {
    let d = d.trim_matches('"');
    let mut p = d.split('|');
    let ty = Ty::parse(p.next()?)?;
    Some((ty, p.next() != Some("n")))
}

pub struct Column {
    pub name: String,
    pub ty: Ty,
    pub decl: String,
    pub nullable: bool,
    pub utf8: bool,
}
pub struct Table {
    pub schema: String,
    pub name: String,
    pub cols: Vec<Column>,
    pub pk: Vec<String>,
    pub sql: String,
}

pub fn create_table(t: &[Tok]) -> Result<Table, String> {
    let t: Vec<Tok> = t.iter().filter(|x| **x != Tok::Ws).cloned().collect();
    let name = |x: &Tok| match x {
        Tok::Word(w) | Tok::Quoted(w) => w.clone(),
        _ => String::new(),
    };
    let open = t
        .iter()
        .position(|x| x.sym("("))
        .ok_or("CREATE TABLE needs a column list")?;
    let parts: Vec<String> = t[2..open]
        .iter()
        .filter(|x| !x.sym("."))
        .map(name)
        .collect();
    let table = parts.last().cloned().ok_or("table name")?;
    let schema = if parts.len() > 1 {
        parts[parts.len() - 2].clone()
    } else {
        "dbo".into()
    };
    let body = &t[open + 1..group(&t, open) - 1];
    let (mut cols, mut pk) = (Vec::<Column>::new(), vec![]);
    let mut defs = vec![];
    for c in split(body, ",") {
        if c.is_empty() {
            continue;
        }
        if let Some(k) = c.iter().position(|x| x.is("PRIMARY")) {
            if c[0].is("CONSTRAINT") || c[0].is("PRIMARY") {
                let g = c
                    .iter()
                    .skip(k)
                    .position(|x| x.sym("("))
                    .ok_or("PRIMARY KEY")?
                    + k;
                pk = split(&c[g + 1..c.len() - 1], ",")
                    .iter()
                    .map(|x| name(&x[0]))
                    .collect();
                continue;
            }
            pk.push(name(&c[0]));
        }
        let e = if c.get(2).is_some_and(|x| x.sym("(")) {
            group(&c, 2)
        } else {
            2
        };
        let decl_ty: String = c[1..e]
            .iter()
            .map(|x| match x {
                Tok::Quoted(w) | Tok::Word(w) => w.clone(),
                o => render(std::slice::from_ref(o)),
            })
            .collect();
        let ty = Ty::parse(&decl_ty).ok_or_else(|| {
            format!(
                "Column, parameter, or variable #{}: Cannot find data type {decl_ty}.",
                cols.len() + 1
            )
        })?;
        let nn = c.iter().position(|x| x.is("NOT")).is_some() || c.iter().any(|x| x.is("PRIMARY"));
        let coll = c
            .iter()
            .position(|x| x.is("COLLATE"))
            .map(|k| name(&c[k + 1]));
        let utf8 = coll
            .as_deref()
            .is_some_and(|x| x.to_ascii_uppercase().ends_with("UTF8"));
        let sc = match &coll {
            Some(x) if x.to_ascii_uppercase().contains("_BIN") || x.contains("_CS_") => None,
            _ => ty.sqlite_collation(),
        };
        let def = c
            .iter()
            .position(|x| x.is("DEFAULT"))
            .map(|k| {
                let e = if c.get(k + 1).is_some_and(|x| x.sym("(")) {
                    group(&c, k + 1)
                } else {
                    k + 2
                };
                format!(" DEFAULT {}", render(&c[k + 1..e]))
            })
            .unwrap_or_default();
        cols.push(Column {
            name: name(&c[0]),
            ty,
            decl: format!("{decl_ty}{}", if utf8 { " utf8" } else { "" }),
            nullable: !nn,
            utf8,
        });
        let col = cols.last().unwrap();
        defs.push((
            col.name.clone(),
            decl(&decl_ty, !nn),
            utf8,
            sc,
            nn && !matches!(col.ty, Ty::RowVersion),
            def,
        ));
    }
    for c in cols.iter_mut() {
        if pk.contains(&c.name) {
            c.nullable = false
        }
    }
    let mut s = format!("CREATE TABLE \"{schema}\".\"{table}\" (");
    for (i, (n, d, u8f, sc, nn, def)) in defs.iter().enumerate() {
        let d = if pk.contains(n) {
            d.replacen("|y|", "|n|", 1)
        } else {
            d.clone()
        };
        s += &format!(
            "{}\"{n}\" \"{d}{}\"{}{}{def}",
            if i > 0 { ", " } else { "" },
            if *u8f { "|u" } else { "" },
            if *nn { " NOT NULL" } else { "" },
            sc.map(|c| format!(" COLLATE {c}")).unwrap_or_default()
        );
    }
    if !pk.is_empty() {
        s += &format!(
            ", PRIMARY KEY ({})",
            pk.iter()
                .map(|p| format!("\"{p}\""))
                .collect::<Vec<_>>()
                .join(", ")
        )
    }
    s += ")";
    Ok(Table {
        schema,
        name: table,
        cols,
        pk,
        sql: s,
    })
}
