//! Facts about types.

use plugin_sdk::kind::Type as _;

use super::*;

fn of(declared: &str) -> Type {
    Type::declared_as(declared, None)
}

fn collated(declared: &str, collation: &str) -> Type {
    Type::declared_as(declared, Some(collation.to_owned()))
}

fn parameter(data_type: &Type) -> String {
    let (before, after) = data_type.cast().expect("the type has an order");
    format!("{before}@P1{after}")
}

#[test]
fn the_catalogs_lengths_are_those_of_the_declaration() {
    for (name, max_length, precision, scale, declared) in [
        ("nvarchar", 100, 0, 0, "nvarchar(50)"),
        ("nchar", 2, 0, 0, "nchar(1)"),
        ("varchar", 20, 0, 0, "varchar(20)"),
        ("varchar", -1, 0, 0, "varchar(max)"),
        ("varbinary", -1, 0, 0, "varbinary(max)"),
        ("decimal", 17, 38, 10, "decimal(38,10)"),
        ("datetime2", 8, 27, 7, "datetime2(7)"),
        ("time", 3, 8, 0, "time(0)"),
        ("datetime", 8, 23, 3, "datetime"),
        ("float", 8, 53, 0, "float"),
        ("bigint", 8, 19, 0, "bigint"),
        ("timestamp", 8, 0, 0, "timestamp"),
    ] {
        let stored = Type::stored(name, max_length, precision, scale, None);
        assert_eq!(stored, of(declared));
        assert_eq!(stored.declared(), declared);
    }
}

#[test]
fn a_parameter_has_the_exact_type_of_its_column() {
    for (declared, text) in [
        ("tinyint", "cast(@P1 as tinyint)"),
        ("bigint", "cast(@P1 as bigint)"),
        ("decimal(38,10)", "cast(@P1 as decimal(38,10))"),
        ("money", "cast(@P1 as money)"),
        ("float", "cast(@P1 as float)"),
        ("date", "cast(@P1 as date)"),
        ("time(3)", "cast(@P1 as time(3))"),
        ("datetime2(7)", "cast(@P1 as datetime2(7))"),
        ("datetimeoffset(2)", "cast(@P1 as datetimeoffset(2))"),
        ("datetime", "cast(cast(@P1 as datetime2(7)) as datetime)"),
        (
            "smalldatetime",
            "cast(cast(@P1 as datetime2(7)) as smalldatetime)",
        ),
        ("uniqueidentifier", "cast(@P1 as uniqueidentifier)"),
        ("nvarchar(50)", "cast(@P1 as nvarchar(50))"),
        ("varbinary(16)", "convert(varbinary(16), @P1, 1)"),
        ("timestamp", "convert(binary(8), @P1, 1)"),
    ] {
        assert_eq!(parameter(&of(declared)), text);
    }
}

#[test]
fn a_parameter_keeps_the_code_page_of_its_column() {
    assert_eq!(
        parameter(&collated("varchar(20)", "Cyrillic_General_CI_AS")),
        "cast(@P1 collate Cyrillic_General_CI_AS as varchar(20))"
    );
    assert_eq!(
        parameter(&collated("char(3)", "x as int) or 1=1 --")),
        "cast(@P1 as char(3))"
    );
}

#[test]
fn what_cannot_be_ordered_or_bound_is_no_cursor() {
    for declared in [
        "text",
        "ntext",
        "image",
        "xml",
        "sql_variant",
        "varchar(max)",
        "nvarchar(max)",
        "varbinary(max)",
        "json",
    ] {
        assert!(of(declared).operand("c").is_none(), "{declared}");
    }
    assert!(Type::clr("hierarchyid").operand("c").is_none());
}

#[test]
fn what_the_client_garbles_is_selected_in_another_form() {
    let selected = |data_type: Type| data_type.selected("t.[c]");
    assert_eq!(selected(of("int")), "t.[c]");
    assert_eq!(selected(of("xml")), "t.[c]");
    assert_eq!(selected(of("money")), "cast(t.[c] as decimal(19, 4))");
    assert_eq!(selected(of("smallmoney")), "cast(t.[c] as decimal(10, 4))");
    assert_eq!(selected(Type::clr("hierarchyid")), "t.[c].ToString()");
    assert_eq!(
        selected(Type::clr("geography")),
        "case when t.[c] is not null then concat(N'SRID=', t.[c].STSrid, N';', t.[c].ToString()) end"
    );
    assert_eq!(selected(of("vector(3)")), "cast(t.[c] as nvarchar(max))");
    assert!(selected(of("sql_variant")).contains("'BaseType'"));
}

#[test]
fn texts_in_utf8_are_selected_in_utf16() {
    const UTF8: &str = "Latin1_General_100_CI_AS_SC_UTF8";
    let selected = |declared: &str, collation: &str| collated(declared, collation).selected("c");
    assert_eq!(selected("varchar(20)", UTF8), "cast(c as nvarchar(20))");
    assert_eq!(selected("varchar(8000)", UTF8), "cast(c as nvarchar(max))");
    assert_eq!(selected("varchar(max)", UTF8), "cast(c as nvarchar(max))");
    assert_eq!(selected("nvarchar(20)", UTF8), "c");
    assert_eq!(selected("varchar(20)", "Latin1_General_CI_AS"), "c");
}

#[test]
fn only_what_lands_with_fewer_digits_needs_an_exact_text() {
    assert_eq!(
        of("datetime2(7)").exact_text("c").as_deref(),
        Some("convert(nvarchar(27), c, 121)")
    );
    assert!(of("datetimeoffset(0)").exact_text("c").is_some());
    for declared in ["datetime2(6)", "datetime", "time(7)", "float", "money"] {
        assert_eq!(of(declared).exact_text("c"), None, "{declared}");
    }
}

#[test]
fn equality_is_exact_only_where_the_text_decides_it() {
    for declared in [
        "int",
        "datetimeoffset(7)",
        "uniqueidentifier",
        "binary(4)",
        "timestamp",
    ] {
        assert!(of(declared).equality_is_exact(), "{declared}");
    }
    for declared in ["char(3)", "nvarchar(10)", "varbinary(4)"] {
        assert!(!of(declared).equality_is_exact(), "{declared}");
    }
}
