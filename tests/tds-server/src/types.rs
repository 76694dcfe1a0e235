//! SQL Server types: parsing of declarations, TYPE_INFO, value encoding, parameter decoding.
use rusqlite::types::{Value, ValueRef};

#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    SmallMoney,
    Money,
    Decimal(u8, u8),
    Numeric(u8, u8),
    SmallDateTime,
    DateTime,
    Date,
    Time(u8),
    DateTime2(u8),
    DateTimeOffset(u8),
    Char(u16),
    VarChar(u16),
    NChar(u16),
    NVarChar(u16), // 0xffff = max
    Text,
    NText,
    Image,
    Binary(u16),
    VarBinary(u16),
    RowVersion,
    Guid,
    Xml,
    Variant,
    Udt(&'static str),
}
pub const MAX: u16 = 0xffff;

/// SQL_Latin1_General_CP1_CI_AS
pub const COLL: [u8; 5] = [0x09, 0x04, 0xd0, 0x00, 0x34];
/// Latin1_General_100_CI_AS_SC_UTF8: LCID 0x0409, fUTF8 flag (bit 26), sort id 0
pub const COLL_UTF8: [u8; 5] = [0x09, 0x04, 0xd0, 0x24, 0x00];

impl Ty {
    pub fn parse(s: &str) -> Option<Ty> {
        let s = s.trim().to_ascii_lowercase().replace(['[', ']'], "");
        let (name, args) = match s.split_once('(') {
            Some((n, a)) => (
                n.trim().to_string(),
                a.trim_end_matches(')')
                    .split(',')
                    .map(|x| x.trim().to_string())
                    .collect::<Vec<_>>(),
            ),
            None => (s.clone(), vec![]),
        };
        let n = |i: usize, d: u16| -> u16 {
            args.get(i)
                .map(|a| {
                    if a == "max" {
                        MAX
                    } else {
                        a.parse().unwrap_or(d)
                    }
                })
                .unwrap_or(d)
        };
        Some(match name.as_str() {
            "bit" => Ty::Bit,
            "tinyint" => Ty::TinyInt,
            "smallint" => Ty::SmallInt,
            "int" | "integer" => Ty::Int,
            "bigint" => Ty::BigInt,
            "real" => Ty::Real,
            "float" => {
                if n(0, 53) <= 24 {
                    Ty::Real
                } else {
                    Ty::Float
                }
            }
            "smallmoney" => Ty::SmallMoney,
            "money" => Ty::Money,
            "decimal" | "dec" => Ty::Decimal(n(0, 18) as u8, n(1, 0) as u8),
            "numeric" => Ty::Numeric(n(0, 18) as u8, n(1, 0) as u8),
            "smalldatetime" => Ty::SmallDateTime,
            "datetime" => Ty::DateTime,
            "date" => Ty::Date,
            "time" => Ty::Time(n(0, 7) as u8),
            "datetime2" => Ty::DateTime2(n(0, 7) as u8),
            "datetimeoffset" => Ty::DateTimeOffset(n(0, 7) as u8),
            "char" => Ty::Char(n(0, 1)),
            "varchar" => Ty::VarChar(n(0, 1)),
            "nchar" => Ty::NChar(n(0, 1)),
            "nvarchar" => Ty::NVarChar(n(0, 1)),
            "sysname" => Ty::NVarChar(128),
            "text" => Ty::Text,
            "ntext" => Ty::NText,
            "image" => Ty::Image,
            "binary" => Ty::Binary(n(0, 1)),
            "varbinary" => Ty::VarBinary(n(0, 1)),
            "rowversion" | "timestamp" => Ty::RowVersion,
            "uniqueidentifier" => Ty::Guid,
            "xml" => Ty::Xml,
            "sql_variant" => Ty::Variant,
            "hierarchyid" => Ty::Udt("hierarchyid"),
            "geography" => Ty::Udt("geography"),
            "geometry" => Ty::Udt("geometry"),
            _ => return None,
        })
    }
    pub fn name(&self) -> String {
        let n = |t: &str, n: &u16| {
            if *n == MAX {
                format!("{t}(max)")
            } else {
                format!("{t}({n})")
            }
        };
        match self {
            Ty::Decimal(p, s) => format!("decimal({p},{s})"),
            Ty::Numeric(p, s) => format!("numeric({p},{s})"),
            Ty::Time(s) => format!("time({s})"),
            Ty::DateTime2(s) => format!("datetime2({s})"),
            Ty::DateTimeOffset(s) => format!("datetimeoffset({s})"),
            Ty::Char(x) => n("char", x),
            Ty::VarChar(x) => n("varchar", x),
            Ty::NChar(x) => n("nchar", x),
            Ty::NVarChar(x) => n("nvarchar", x),
            Ty::Binary(x) => n("binary", x),
            Ty::VarBinary(x) => n("varbinary", x),
            Ty::RowVersion => "timestamp".into(),
            Ty::Guid => "uniqueidentifier".into(),
            Ty::Variant => "sql_variant".into(),
            Ty::Udt(n) => n.to_string(),
            o => format!("{o:?}").to_ascii_lowercase(),
        }
    }
    /// SQLite affinity keyword to smuggle into the declared type.
    pub fn affinity(&self) -> &'static str {
        use Ty::*;
        match self {
            Bit | TinyInt | SmallInt | Int | BigInt => "INT",
            Real | Float => "REAL",
            Binary(_) | VarBinary(_) | RowVersion | Image | Udt(_) | Variant => "BLOB",
            _ => "TEXT",
        }
    }
    pub fn sqlite_collation(&self) -> Option<&'static str> {
        match self {
            Ty::Guid => Some("MSGUID"),
            Ty::Decimal(..) | Ty::Numeric(..) | Ty::Money | Ty::SmallMoney => Some("MSDEC"),
            Ty::Char(_) | Ty::VarChar(_) | Ty::NChar(_) | Ty::NVarChar(_) => Some("NOCASE"),
            _ => None,
        }
    }
    pub fn type_info(&self, nullable: bool, utf8: bool, b: &mut Vec<u8>) {
        use Ty::*;
        let c = if utf8 { COLL_UTF8 } else { COLL };
        let var = |b: &mut Vec<u8>, t: u8, len: u16, coll: bool| {
            b.push(t);
            b.extend(len.to_le_bytes());
            if coll {
                b.extend(c)
            }
        };
        match self {
            Bit => {
                if nullable {
                    b.extend([0x68, 1])
                } else {
                    b.push(0x32)
                }
            }
            TinyInt => {
                if nullable {
                    b.extend([0x26, 1])
                } else {
                    b.push(0x30)
                }
            }
            SmallInt => {
                if nullable {
                    b.extend([0x26, 2])
                } else {
                    b.push(0x34)
                }
            }
            Int => {
                if nullable {
                    b.extend([0x26, 4])
                } else {
                    b.push(0x38)
                }
            }
            BigInt => {
                if nullable {
                    b.extend([0x26, 8])
                } else {
                    b.push(0x7f)
                }
            }
            Real => {
                if nullable {
                    b.extend([0x6d, 4])
                } else {
                    b.push(0x3b)
                }
            }
            Float => {
                if nullable {
                    b.extend([0x6d, 8])
                } else {
                    b.push(0x3e)
                }
            }
            SmallMoney => {
                if nullable {
                    b.extend([0x6e, 4])
                } else {
                    b.push(0x7a)
                }
            }
            Money => {
                if nullable {
                    b.extend([0x6e, 8])
                } else {
                    b.push(0x3c)
                }
            }
            SmallDateTime => {
                if nullable {
                    b.extend([0x6f, 4])
                } else {
                    b.push(0x3a)
                }
            }
            DateTime => {
                if nullable {
                    b.extend([0x6f, 8])
                } else {
                    b.push(0x3d)
                }
            }
            Decimal(p, s) => b.extend([0x6a, dec_len(*p), *p, *s]),
            Numeric(p, s) => b.extend([0x6c, dec_len(*p), *p, *s]),
            Date => b.push(0x28),
            Time(s) => b.extend([0x29, *s]),
            DateTime2(s) => b.extend([0x2a, *s]),
            DateTimeOffset(s) => b.extend([0x2b, *s]),
            Char(n) => var(b, 0xaf, *n, true),
            VarChar(n) => var(b, 0xa7, *n, true),
            NChar(n) => var(b, 0xef, n * 2, true),
            NVarChar(n) => var(b, 0xe7, if *n == MAX { MAX } else { n * 2 }, true),
            Binary(n) => var(b, 0xad, *n, false),
            RowVersion => var(b, 0xad, 8, false),
            VarBinary(n) => var(b, 0xa5, *n, false),
            Text | NText | Image => {
                b.push(match self {
                    Text => 0x23,
                    NText => 0x63,
                    _ => 0x22,
                });
                b.extend(i32::MAX.to_le_bytes());
                if !matches!(self, Image) {
                    b.extend(c)
                }
                b.push(1);
                us(b, "t"); // TableName: NumParts + part
            }
            Guid => b.extend([0x24, 16]),
            Xml => b.extend([0xf1, 0]),
            Variant => {
                b.push(0x62);
                b.extend(8009u32.to_le_bytes())
            }
            Udt(n) => {
                b.push(0xf0);
                b.extend(MAX.to_le_bytes());
                bv(b, "master");
                bv(b, "sys");
                bv(b, n);
                us(
                    b,
                    &format!("Microsoft.SqlServer.Types.Sql{n}, Microsoft.SqlServer.Types"),
                );
            }
        }
    }
    pub fn value(
        &self,
        nullable: bool,
        utf8: bool,
        v: ValueRef,
        b: &mut Vec<u8>,
    ) -> Result<(), String> {
        use Ty::*;
        if let ValueRef::Null = v {
            match self {
                Char(_) | VarChar(_) | NChar(_) | NVarChar(_) | Binary(_) | VarBinary(_)
                | RowVersion => {
                    if self.plp() {
                        b.extend(u64::MAX.to_le_bytes())
                    } else {
                        b.extend(0xffffu16.to_le_bytes())
                    }
                }
                Xml | Udt(_) => b.extend(u64::MAX.to_le_bytes()),
                Variant => b.extend(0u32.to_le_bytes()),
                _ => b.push(0),
            }
            return Ok(());
        }
        let fixed = |b: &mut Vec<u8>, bytes: &[u8]| {
            if nullable {
                b.push(bytes.len() as u8)
            }
            b.extend(bytes)
        };
        match self {
            Bit => fixed(b, &[(int(v)? != 0) as u8]),
            TinyInt => fixed(b, &[int(v)? as u8]),
            SmallInt => fixed(b, &(int(v)? as i16).to_le_bytes()),
            Int => fixed(b, &(int(v)? as i32).to_le_bytes()),
            BigInt => fixed(b, &int(v)?.to_le_bytes()),
            Real => fixed(b, &(real(v)? as f32).to_le_bytes()),
            Float => fixed(b, &real(v)?.to_le_bytes()),
            SmallMoney => fixed(b, &(dec(&text(v), 4)? as i32).to_le_bytes()),
            Money => {
                let m = dec(&text(v), 4)? as i64;
                let mut x = [0u8; 8];
                x[..4].copy_from_slice(&((m >> 32) as i32).to_le_bytes());
                x[4..].copy_from_slice(&(m as u32).to_le_bytes());
                fixed(b, &x)
            }
            Decimal(p, s) | Numeric(p, s) => {
                let m = dec(&text(v), *s)?;
                let n = dec_len(*p) as usize;
                b.push(n as u8);
                b.push((m >= 0) as u8);
                b.extend(&m.unsigned_abs().to_le_bytes()[..n - 1]);
            }
            SmallDateTime => {
                let t = Stamp::parse(&text(v))?;
                let mut x = ((t.days - D1900) as u16).to_le_bytes().to_vec();
                x.extend(((t.nanos / 60_000_000_000) as u16).to_le_bytes());
                fixed(b, &x)
            }
            DateTime => {
                let t = Stamp::parse(&text(v))?;
                let mut x = ((t.days - D1900) as i32).to_le_bytes().to_vec();
                x.extend((((t.nanos * 300 + 500_000_000) / 1_000_000_000) as u32).to_le_bytes());
                fixed(b, &x)
            }
            Date => {
                let t = Stamp::parse(&text(v))?;
                b.push(3);
                b.extend(&(t.days as u32).to_le_bytes()[..3])
            }
            Time(s) => {
                let t = Stamp::parse(&text(v))?;
                let n = time_len(*s);
                b.push(n as u8);
                put_time(b, t.nanos, *s)
            }
            DateTime2(s) => {
                let t = Stamp::parse(&text(v))?;
                b.push(time_len(*s) as u8 + 3);
                put_time(b, t.nanos, *s);
                b.extend(&(t.days as u32).to_le_bytes()[..3])
            }
            DateTimeOffset(s) => {
                let t = Stamp::parse(&text(v))?.utc();
                b.push(time_len(*s) as u8 + 5);
                put_time(b, t.nanos, *s);
                b.extend(&(t.days as u32).to_le_bytes()[..3]);
                b.extend(t.off.to_le_bytes());
            }
            Char(_) | VarChar(_) => {
                let s = text(v);
                let mut x = if utf8 { s.into_bytes() } else { cp1252(&s) };
                if let Char(n) = self {
                    x.resize(*n as usize, b' ')
                }
                self.lob(b, &x)
            }
            NChar(_) | NVarChar(_) => {
                let mut x = u16s(&text(v));
                if let NChar(n) = self {
                    while x.len() < *n as usize * 2 {
                        x.extend([32, 0])
                    }
                }
                self.lob(b, &x)
            }
            Binary(_) | VarBinary(_) | RowVersion => self.lob(b, &blob(v)),
            Xml => plp(b, &u16s(&text(v))),
            Udt(_) => plp(b, &blob(v)),
            Text | NText | Image => {
                let x = match self {
                    Text => cp1252(&text(v)),
                    NText => u16s(&text(v)),
                    _ => blob(v),
                };
                b.push(16);
                b.extend([0xab; 16]);
                b.extend([0; 8]);
                b.extend((x.len() as u32).to_le_bytes());
                b.extend(x);
            }
            Guid => {
                b.push(16);
                b.extend(guid(&text(v))?)
            }
            Variant => {
                let (t, props, data): (u8, Vec<u8>, Vec<u8>) = match v {
                    ValueRef::Integer(i) if i32::try_from(i).is_ok() => {
                        (0x38, vec![], (i as i32).to_le_bytes().to_vec())
                    }
                    ValueRef::Integer(i) => (0x7f, vec![], i.to_le_bytes().to_vec()),
                    ValueRef::Real(f) => (0x3e, vec![], f.to_le_bytes().to_vec()),
                    ValueRef::Blob(x) => (0xa5, 8000u16.to_le_bytes().to_vec(), x.to_vec()),
                    _ => {
                        let mut p = COLL.to_vec();
                        p.extend(8000u16.to_le_bytes());
                        (0xe7, p, u16s(&text(v)))
                    }
                };
                b.extend(((2 + props.len() + data.len()) as u32).to_le_bytes());
                b.push(t);
                b.push(props.len() as u8);
                b.extend(props);
                b.extend(data);
            }
        }
        Ok(())
    }
    fn plp(&self) -> bool {
        matches!(
            self,
            Ty::VarChar(MAX) | Ty::NVarChar(MAX) | Ty::VarBinary(MAX)
        )
    }
    fn lob(&self, b: &mut Vec<u8>, x: &[u8]) {
        if self.plp() {
            plp(b, x)
        } else {
            b.extend((x.len() as u16).to_le_bytes());
            b.extend(x)
        }
    }
}
fn plp(b: &mut Vec<u8>, x: &[u8]) {
    b.extend((x.len() as u64).to_le_bytes());
    for c in x.chunks(8000) {
        b.extend((c.len() as u32).to_le_bytes());
        b.extend(c)
    }
    b.extend(0u32.to_le_bytes());
}
pub fn u16s(s: &str) -> Vec<u8> {
    s.encode_utf16().flat_map(|u| u.to_le_bytes()).collect()
}
pub fn bv(b: &mut Vec<u8>, s: &str) {
    b.push(s.encode_utf16().count() as u8);
    b.extend(u16s(s))
}
pub fn us(b: &mut Vec<u8>, s: &str) {
    b.extend((s.encode_utf16().count() as u16).to_le_bytes());
    b.extend(u16s(s))
}
fn cp1252(s: &str) -> Vec<u8> {
    s.chars()
        .map(|c| match c as u32 {
            x if x < 0x80 || (0xa0..0x100).contains(&x) => x as u8,
            0x20ac => 0x80,
            _ => b'?',
        })
        .collect()
}
pub fn dec_len(p: u8) -> u8 {
    match p {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}
fn time_len(s: u8) -> usize {
    match s {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}
fn put_time(b: &mut Vec<u8>, nanos: u64, s: u8) {
    let v = nanos / 10u64.pow(9 - s as u32);
    b.extend(&v.to_le_bytes()[..time_len(s)])
}
fn int(v: ValueRef) -> Result<i64, String> {
    Ok(match v {
        ValueRef::Integer(i) => i,
        ValueRef::Real(f) => f as i64,
        _ => text(v)
            .trim()
            .parse()
            .map_err(|_| format!("Conversion failed: {:?}", text(v)))?,
    })
}
fn real(v: ValueRef) -> Result<f64, String> {
    Ok(match v {
        ValueRef::Integer(i) => i as f64,
        ValueRef::Real(f) => f,
        _ => text(v)
            .trim()
            .parse()
            .map_err(|_| "bad float".to_string())?,
    })
}
fn text(v: ValueRef) -> String {
    match v {
        ValueRef::Integer(i) => i.to_string(),
        ValueRef::Real(f) => format!("{f}"),
        ValueRef::Text(t) => String::from_utf8_lossy(t).into(),
        ValueRef::Blob(b) => String::from_utf8_lossy(b).into(),
        ValueRef::Null => String::new(),
    }
}
fn blob(v: ValueRef) -> Vec<u8> {
    match v {
        ValueRef::Blob(b) => b.to_vec(),
        _ => text(v).into_bytes(),
    }
}
/// Decimal text to a mantissa of `scale` digits.
pub fn dec(s: &str, scale: u8) -> Result<i128, String> {
    let s = s.trim();
    let (neg, d) = match s.strip_prefix('-') {
        Some(d) => (true, d),
        None => (false, s.trim_start_matches('+')),
    };
    let (i, f) = d.split_once('.').unwrap_or((d, ""));
    let mut digits = i.to_string();
    for k in 0..scale as usize {
        digits.push(f.as_bytes().get(k).map(|c| *c as char).unwrap_or('0'))
    }
    let m: i128 = digits
        .parse()
        .map_err(|_| format!("Error converting data type varchar to numeric: {s:?}"))?;
    Ok(if neg { -m } else { m })
}
fn dec_text(m: i128, scale: u8) -> String {
    let d = format!("{:0w$}", m.unsigned_abs(), w = scale as usize + 1);
    let (i, f) = d.split_at(d.len() - scale as usize);
    format!(
        "{}{}{}{}",
        if m < 0 { "-" } else { "" },
        i,
        if scale > 0 { "." } else { "" },
        f
    )
}
fn guid(s: &str) -> Result<[u8; 16], String> {
    let h: String = s.chars().filter(|c| c.is_ascii_hexdigit()).collect();
    if h.len() != 32 {
        return Err(
            "Conversion failed when converting from a character string to uniqueidentifier.".into(),
        );
    }
    let mut o = [0u8; 16];
    for i in 0..16 {
        o[i] = u8::from_str_radix(&h[2 * i..2 * i + 2], 16).unwrap()
    }
    o[..4].reverse();
    o[4..6].reverse();
    o[6..8].reverse();
    Ok(o)
}
/// SQL Server's uniqueidentifier sort order: bytes 10-15, 8-9, 6-7, 4-5, 0-3.
pub fn guid_cmp(a: &str, b: &str) -> std::cmp::Ordering {
    let k = |s: &str| {
        guid(s)
            .map(|g| {
                let mut v = g[10..].to_vec();
                v.extend(&g[8..10]);
                v.extend(&g[6..8]);
                v.extend(&g[4..6]);
                v.extend(&g[..4]);
                v
            })
            .unwrap_or_default()
    };
    k(a).cmp(&k(b))
}
pub fn dec_cmp(a: &str, b: &str) -> std::cmp::Ordering {
    dec(a, 10).unwrap_or(0).cmp(&dec(b, 10).unwrap_or(0))
}

pub const D1900: i64 = 693_595;
pub struct Stamp {
    pub days: i64,
    pub nanos: u64,
    pub off: i16,
}
impl Stamp {
    /// `YYYY-MM-DD[ T]hh:mm:ss[.fffffff][ +hh:mm]`, or a time alone.
    pub fn parse(s: &str) -> Result<Stamp, String> {
        let bad = || {
            format!(
                "Conversion failed when converting date and/or time from character string: {s:?}"
            )
        };
        let s = s.trim();
        let (date, rest) = if s.len() >= 10 && s.as_bytes()[4] == b'-' {
            (&s[..10], s[10..].trim_start_matches(['T', ' ']))
        } else {
            ("1900-01-01", s)
        };
        let mut p = date.split('-').map(|x| x.parse::<i64>());
        let (y, m, d) = (
            p.next().ok_or_else(bad)?.map_err(|_| bad())?,
            p.next().ok_or_else(bad)?.map_err(|_| bad())?,
            p.next().ok_or_else(bad)?.map_err(|_| bad())?,
        );
        let (yy, mm) = if m <= 2 { (y - 1, m + 9) } else { (y, m - 3) };
        let days = 365 * yy + yy / 4 - yy / 100 + yy / 400 + (153 * mm + 2) / 5 + d - 1 - 306;
        let rest = rest.trim_end_matches('Z');
        let (clock, off) = match rest.find(['+', '-']) {
            Some(i) => (rest[..i].trim(), &rest[i..]),
            None => (rest.trim(), ""),
        };
        let off = if off.is_empty() {
            0
        } else {
            let h: i16 = off[1..3].parse().map_err(|_| bad())?;
            let mi: i16 = off[4..6].parse().map_err(|_| bad())?;
            (h * 60 + mi) * if off.starts_with('-') { -1 } else { 1 }
        };
        let mut nanos = 0u64;
        if !clock.is_empty() {
            let (hms, frac) = clock.split_once('.').unwrap_or((clock, ""));
            let mut q = hms.split(':').map(|x| x.parse::<u64>().unwrap_or(0));
            nanos =
                (q.next().unwrap_or(0) * 3600 + q.next().unwrap_or(0) * 60 + q.next().unwrap_or(0))
                    * 1_000_000_000;
            if !frac.is_empty() {
                nanos += format!("{:0<9}", frac)[..9]
                    .parse::<u64>()
                    .map_err(|_| bad())?
            }
        }
        Ok(Stamp { days, nanos, off })
    }
    fn utc(mut self) -> Stamp {
        let n = self.nanos as i128 - self.off as i128 * 60_000_000_000;
        const DAY: i128 = 86_400_000_000_000;
        self.days += n.div_euclid(DAY) as i64;
        self.nanos = n.rem_euclid(DAY) as u64;
        self
    }
    pub fn text(days: i64, nanos: u64, digits: u8) -> String {
        let z = days + 306;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let d = doy - (153 * mp + 2) / 5 + 1;
        let m = if mp < 10 { mp + 3 } else { mp - 9 };
        let y = yoe + era * 400 + (m <= 2) as i64;
        format!("{y:04}-{m:02}-{d:02} {}", Self::clock(nanos, digits))
    }
    pub fn clock(nanos: u64, digits: u8) -> String {
        let s = nanos / 1_000_000_000;
        let f = format!("{:09}", nanos % 1_000_000_000);
        format!(
            "{:02}:{:02}:{:02}{}{}",
            s / 3600,
            s / 60 % 60,
            s % 60,
            if digits > 0 { "." } else { "" },
            &f[..digits as usize]
        )
    }
}

/// Little cursor over a request.
pub struct Cur<'a>(pub &'a [u8]);
impl<'a> Cur<'a> {
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        if self.0.len() < n {
            return Err("request ended early".into());
        }
        let (a, b) = self.0.split_at(n);
        self.0 = b;
        Ok(a)
    }
    pub fn u8(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }
    pub fn u16(&mut self) -> Result<u16, String> {
        Ok(u16::from_le_bytes(self.take(2)?.try_into().unwrap()))
    }
    pub fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().unwrap()))
    }
    pub fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into().unwrap()))
    }
    pub fn utf16(&mut self, chars: usize) -> Result<String, String> {
        Ok(utf16(self.take(chars * 2)?))
    }
    /// TYPE_INFO + value of an RPC parameter.
    pub fn param(&mut self) -> Result<Value, String> {
        let t = self.u8()?;
        Ok(match t {
            0x26 => {
                self.u8()?;
                match self.u8()? {
                    0 => Value::Null,
                    1 => Value::Integer(self.u8()? as i64),
                    2 => Value::Integer(self.u16()? as i16 as i64),
                    4 => Value::Integer(self.u32()? as i32 as i64),
                    8 => Value::Integer(self.u64()? as i64),
                    n => return Err(format!("intn {n}")),
                }
            }
            0x38 => Value::Integer(self.u32()? as i32 as i64),
            0x7f => Value::Integer(self.u64()? as i64),
            0x30 | 0x32 => Value::Integer(self.u8()? as i64),
            0x34 => Value::Integer(self.u16()? as i16 as i64),
            0x68 => {
                self.u8()?;
                if self.u8()? == 0 {
                    Value::Null
                } else {
                    Value::Integer(self.u8()? as i64)
                }
            }
            0x6d => {
                self.u8()?;
                match self.u8()? {
                    0 => Value::Null,
                    4 => Value::Real(f32::from_le_bytes(self.take(4)?.try_into().unwrap()) as f64),
                    _ => Value::Real(f64::from_le_bytes(self.take(8)?.try_into().unwrap())),
                }
            }
            0x6a | 0x6c => {
                self.u8()?;
                self.u8()?;
                let s = self.u8()?;
                let n = self.u8()? as usize;
                if n == 0 {
                    Value::Null
                } else {
                    let sign = self.u8()?;
                    let mut m = [0u8; 16];
                    m[..n - 1].copy_from_slice(self.take(n - 1)?);
                    let v = i128::from_le_bytes(m);
                    Value::Text(dec_text(if sign == 0 { -v } else { v }, s))
                }
            }
            0x24 => {
                self.u8()?;
                if self.u8()? == 0 {
                    Value::Null
                } else {
                    let mut g: [u8; 16] = self.take(16)?.try_into().unwrap();
                    g[..4].reverse();
                    g[4..6].reverse();
                    g[6..8].reverse();
                    let h: String = g.iter().map(|b| format!("{b:02X}")).collect();
                    Value::Text(format!(
                        "{}-{}-{}-{}-{}",
                        &h[..8],
                        &h[8..12],
                        &h[12..16],
                        &h[16..20],
                        &h[20..]
                    ))
                }
            }
            0xe7 | 0xef | 0xa7 | 0xaf => {
                let max = self.u16()?;
                self.take(5)?;
                match self.bytes(max)? {
                    None => Value::Null,
                    Some(x) => Value::Text(if t >= 0xe0 {
                        utf16(&x)
                    } else {
                        x.iter().map(|b| *b as char).collect()
                    }),
                }
            }
            0xa5 | 0xad => {
                let max = self.u16()?;
                match self.bytes(max)? {
                    None => Value::Null,
                    Some(x) => Value::Blob(x),
                }
            }
            0xf1 => {
                if self.u8()? == 1 {
                    return Err("xml schema".into());
                }
                match self.bytes(MAX)? {
                    None => Value::Null,
                    Some(x) => Value::Text(utf16(&x)),
                }
            }
            0x28 => {
                if self.u8()? == 0 {
                    Value::Null
                } else {
                    let d = self.u24()?;
                    Value::Text(Stamp::text(d, 0, 0)[..10].to_string())
                }
            }
            0x29 => {
                let s = self.u8()?;
                let n = self.u8()?;
                if n == 0 {
                    Value::Null
                } else {
                    let v = self.uint(n as usize)?;
                    Value::Text(Stamp::clock(v * 10u64.pow(9 - s as u32), s))
                }
            }
            0x2a | 0x2b => {
                let s = self.u8()?;
                let n = self.u8()? as usize;
                if n == 0 {
                    return Ok(Value::Null);
                }
                let tl = n - if t == 0x2a { 3 } else { 5 };
                let v = self.uint(tl)? * 10u64.pow(9 - s as u32);
                let d = self.u24()?;
                if t == 0x2a {
                    Value::Text(Stamp::text(d, v, s))
                } else {
                    let off = self.u16()? as i16;
                    let local = v as i128 + off as i128 * 60_000_000_000;
                    const DAY: i128 = 86_400_000_000_000;
                    Value::Text(format!(
                        "{} {}{:02}:{:02}",
                        Stamp::text(
                            d + local.div_euclid(DAY) as i64,
                            local.rem_euclid(DAY) as u64,
                            s
                        ),
                        if off < 0 { '-' } else { '+' },
                        off.abs() / 60,
                        off.abs() % 60
                    ))
                }
            }
            0x6f => {
                self.u8()?;
                match self.u8()? {
                    0 => Value::Null,
                    4 => {
                        let d = self.u16()? as i64;
                        let m = self.u16()? as u64;
                        Value::Text(Stamp::text(d + D1900, m * 60_000_000_000, 0))
                    }
                    _ => {
                        let d = self.u32()? as i32 as i64;
                        let f = self.u32()? as u64;
                        Value::Text(Stamp::text(d + D1900, f * 1_000_000_000 / 300, 3))
                    }
                }
            }
            0x1f => Value::Null,
            _ => return Err(format!("parameter type 0x{t:02x} is not supported")),
        })
    }
    fn u24(&mut self) -> Result<i64, String> {
        Ok(self.uint(3)? as i64)
    }
    fn uint(&mut self, n: usize) -> Result<u64, String> {
        let mut b = [0u8; 8];
        b[..n].copy_from_slice(self.take(n)?);
        Ok(u64::from_le_bytes(b))
    }
    fn bytes(&mut self, max: u16) -> Result<Option<Vec<u8>>, String> {
        if max != MAX {
            let n = self.u16()?;
            return if n == 0xffff {
                Ok(None)
            } else {
                Ok(Some(self.take(n as usize)?.to_vec()))
            };
        }
        if self.u64()? == u64::MAX {
            return Ok(None);
        }
        let mut v = Vec::new();
        loop {
            let n = self.u32()? as usize;
            if n == 0 {
                return Ok(Some(v));
            }
            v.extend(self.take(n)?)
        }
    }
}
pub fn utf16(b: &[u8]) -> String {
    String::from_utf16_lossy(
        &b.chunks_exact(2)
            .map(|c| u16::from_le_bytes([c[0], c[1]]))
            .collect::<Vec<_>>(),
    )
}
