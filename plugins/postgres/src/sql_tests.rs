//! Facts about the statements' texts.

use plugin_sdk::sql::{Known, Pass, no_rows};

use super::*;

fn operand(column: &str, type_name: &str) -> Operand {
    let type_name = ("pg_catalog".to_owned(), type_name.to_owned());
    Operand {
        column: column.to_owned(),
        type_name,
        operators: "pg_catalog".to_owned(),
    }
}

fn behind(behind: usize) -> Known {
    Known {
        behind,
        until: false,
    }
}

fn item(name: &str, form: Form) -> String {
    let selected = form.of(&column::<Postgres>(name));
    format!("{selected} as {}", identifier(name))
}

fn lineitem() -> Table<Postgres> {
    Table {
        source: Source::Table {
            schema: "public".to_owned(),
            name: "lineitem".to_owned(),
        },
        items: vec![item("l_id", Form::Native), item("updated", Form::Native)],
        cursor: operand("updated", "timestamptz"),
        key: vec![operand("l_id", "int8")],
        hash: Postgres::hash(&[operand("l_id", "int8")]),
        nullable: false,
        options: String::new(),
    }
}

const SELECT: &str =
    r#"select t."l_id" as "l_id", t."updated" as "updated" from "public"."lineitem" as t"#;

#[test]
fn the_first_page_orders_by_cursor_and_key() {
    let sql = lineitem().page(Pass::Values, behind(0), Bound::Rows(5000));
    assert_eq!(
        sql,
        format!(r#"{SELECT} order by t."updated", t."l_id" limit 5000"#)
    );
}

#[test]
fn the_next_page_compares_the_whole_row() {
    let sql = lineitem().page(Pass::Values, behind(2), Bound::Rows(5000));
    let after =
        r#"(t."updated", t."l_id") > ($1::"pg_catalog"."timestamptz", $2::"pg_catalog"."int8")"#;
    assert_eq!(
        sql,
        format!(r#"{SELECT} where {after} order by t."updated", t."l_id" limit 5000"#)
    );
}

#[test]
fn a_cursor_without_a_tie_compares_the_value_alone() {
    let sql = lineitem().page(Pass::Values, behind(1), Bound::Rows(7));
    let after = r#"t."updated" > $1::"pg_catalog"."timestamptz""#;
    assert_eq!(
        sql,
        format!(r#"{SELECT} where {after} order by t."updated", t."l_id" limit 7"#)
    );
}

#[test]
fn rows_without_a_cursor_value_are_a_pass_of_their_own() {
    let table = Table {
        nullable: true,
        ..lineitem()
    };
    assert_eq!(
        table.page(Pass::Nulls, behind(0), Bound::Rows(9)),
        format!(r#"{SELECT} where t."updated" is null order by t."l_id" limit 9"#)
    );
    assert_eq!(
        table.page(Pass::Nulls, behind(1), Bound::Rows(9)),
        format!(
            r#"{SELECT} where t."updated" is null and t."l_id" > $1::"pg_catalog"."int8" order by t."l_id" limit 9"#
        )
    );
    assert_eq!(
        table.page(Pass::Values, behind(0), Bound::Rows(9)),
        format!(r#"{SELECT} where t."updated" is not null order by t."updated", t."l_id" limit 9"#)
    );
    assert_eq!(
        table.count_nulls(),
        r#"select pg_catalog.count(*) from "public"."lineitem" as t where t."updated" is null"#
    );
}

#[test]
fn without_a_key_whole_groups_are_read() {
    let table = Table {
        key: vec![],
        ..lineitem()
    };
    assert_eq!(
        table.page(Pass::Values, behind(0), Bound::All),
        format!(r#"{SELECT} order by t."updated""#)
    );
    assert_eq!(
        table.page(Pass::Values, behind(1), Bound::RowsWithTies(50)),
        format!(
            r#"{SELECT} where t."updated" > $1::"pg_catalog"."timestamptz" order by t."updated" fetch first 50 rows with ties"#
        )
    );
    assert_eq!(
        table.page(Pass::Nulls, behind(0), Bound::All),
        format!(r#"{SELECT} where t."updated" is null"#)
    );
}

#[test]
fn a_key_of_several_columns_is_one_row_comparison() {
    let table = Table {
        key: vec![operand("a", "int4"), operand("b", "text")],
        ..lineitem()
    };
    let sql = table.page(Pass::Values, behind(3), Bound::Rows(1));
    assert!(sql.contains(
        r#"where (t."updated", t."a", t."b") > ($1::"pg_catalog"."timestamptz", $2::"pg_catalog"."int4", $3::"pg_catalog"."text") order"#
    ));
}

#[test]
fn operators_of_an_extension_are_named_with_their_schema() {
    let citext = Operand {
        column: "name".to_owned(),
        type_name: ("ext".to_owned(), "citext".to_owned()),
        operators: "ext".to_owned(),
    };
    let table = Table {
        cursor: citext,
        ..lineitem()
    };
    assert!(
        table
            .page(Pass::Values, behind(1), Bound::Rows(1))
            .contains(
                r#"where t."name" operator("ext".>) $1::"ext"."citext" order by t."name", t."l_id""#
            )
    );
    assert!(table.page(Pass::Values, behind(2), Bound::Rows(1)).contains(concat!(
        r#"where t."name" operator("ext".>=) $1::"ext"."citext" and "#,
        r#"(t."name" operator("ext".>) $1::"ext"."citext" or "#,
        r#"t."name" operator("ext".=) $1::"ext"."citext" and t."l_id" > $2::"pg_catalog"."int8") order"#
    )));
}

#[test]
fn forms_cast_but_keep_the_name() {
    assert_eq!(item("a", Form::Native), r#"t."a" as "a""#);
    assert_eq!(item("a", Form::Text), r#"t."a"::pg_catalog.text as "a""#);
    assert_eq!(
        item("a", Form::Json),
        r#"pg_catalog.to_json(t."a")::pg_catalog.text as "a""#
    );
}

#[test]
fn a_name_cannot_leave_its_quotes() {
    for (name, quoted) in [
        ("plain", r#""plain""#),
        ("Mixed Case", r#""Mixed Case""#),
        ("dotted.name", r#""dotted.name""#),
        (r#"say "hi""#, r#""say ""hi""""#),
        (r#""; drop table x; --"#, r#""""; drop table x; --""#),
        ("straße 🚀", r#""straße 🚀""#),
        (r"back\slash", r#""back\slash""#),
        ("$1", r#""$1""#),
    ] {
        assert_eq!(identifier(name), quoted);
    }
    let long = "é".repeat(31) + "x";
    assert_eq!(long.len(), 63);
    assert_eq!(identifier(&long), format!("\"{long}\""));
}

#[test]
fn hostile_names_are_quoted_everywhere() {
    let evil = r#"x"; drop table y; --"#;
    let table = Table::<Postgres> {
        source: Source::Table {
            schema: evil.to_owned(),
            name: evil.to_owned(),
        },
        items: vec![item(evil, Form::Text)],
        cursor: operand(evil, evil),
        key: vec![operand(evil, evil)],
        hash: Postgres::hash(&[operand(evil, evil)]),
        nullable: true,
        options: String::new(),
    };
    let mut statements = vec![table.count_group(1)];
    for pass in [Pass::Nulls, Pass::Values] {
        let pages = (0..=2).map(|known| table.page(pass, behind(known), Bound::Rows(1)));
        statements.extend(pages);
    }
    for sql in statements {
        let rest = sql.replace(&identifier(evil), "");
        assert!(!rest.contains("drop"), "{sql}");
    }
}

#[test]
fn a_watermark_is_one_more_parameter() {
    let known = |behind| Known {
        behind,
        until: true,
    };
    assert_eq!(
        lineitem().page(Pass::Values, known(0), Bound::Rows(9)),
        format!(
            r#"{SELECT} where t."updated" <= $1::"pg_catalog"."timestamptz" order by t."updated", t."l_id" limit 9"#
        )
    );
    let sql = lineitem().page(Pass::Values, known(2), Bound::All);
    assert!(
        sql.contains(r#" and t."updated" <= $3::"pg_catalog"."timestamptz" order by"#),
        "{sql}"
    );
}

#[test]
fn late_rows_of_a_group_are_counted_and_read_up_to_the_landed_key() {
    let group = r#"where t."updated" = $1::"pg_catalog"."timestamptz" and not (t."l_id" > $2::"pg_catalog"."int8")"#;
    assert_eq!(
        lineitem().count_group(1),
        format!(
            r#"select pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(t."l_id"::pg_catalog.text, 0))::pg_catalog.text from "public"."lineitem" as t {group}"#
        )
    );
    let two = [operand("a", "int4"), operand("b", "text")];
    assert_eq!(
        Postgres::hash(&two).as_deref(),
        Some(r#"pg_catalog.hashtextextended(row(t."a", t."b")::pg_catalog.text, 0)"#)
    );
    assert_eq!(Postgres::hash(&[]), None);
    assert_eq!(
        lineitem().group(1, 0, Bound::All),
        format!(r#"{SELECT} {group} order by t."l_id""#)
    );
    assert_eq!(
        lineitem().group(1, 1, Bound::Rows(5)),
        format!(
            r#"{SELECT} {group} and t."l_id" > $3::"pg_catalog"."int8" order by t."l_id" limit 5"#
        )
    );
    let keyless = Table {
        key: vec![],
        hash: None,
        ..lineitem()
    };
    let group = r#"where t."updated" = $1::"pg_catalog"."timestamptz""#;
    assert_eq!(keyless.group(0, 0, Bound::All), format!("{SELECT} {group}"));
    assert_eq!(
        keyless.count_group(0),
        format!(r#"select pg_catalog.count(*) from "public"."lineitem" as t {group}"#)
    );
}

#[test]
fn the_newest_value_is_found_from_the_end_of_the_index() {
    const UPDATED: &str = r#"t."updated" as "updated""#;
    let select = r#"select t."updated" as "updated" from "public"."lineitem" as t"#;
    assert_eq!(
        newest(&lineitem(), UPDATED, None),
        format!(r#"{select} where t."updated" is not null order by t."updated" desc limit 1"#)
    );
    assert_eq!(
        newest(&lineitem(), UPDATED, Some("now()")),
        format!(r#"{select} where t."updated" < now() order by t."updated" desc limit 1"#)
    );
}

#[test]
fn a_query_is_a_source_like_a_table() {
    let source = Source::Query("select 1 as \"a\" -- one".to_owned());
    assert_eq!(
        no_rows::<Postgres>(&source, &[item("a", Form::Text)]),
        "select t.\"a\"::pg_catalog.text as \"a\" from (select 1 as \"a\" -- one\n) as t limit 0"
    );
    let nulls = "(select t.* from (values (1)) as one left join (select 1 as \"a\" -- one\n) as t on false)";
    assert_eq!(
        types(&source, &["a".to_owned()]),
        format!(
            "select pg_catalog.pg_typeof(t.\"a\")::pg_catalog.oid::pg_catalog.int8 from {nulls} as t"
        )
    );
}
