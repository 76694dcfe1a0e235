//! Types and functions of a contract in the words of WIT, so that two of them can be compared and shown. Pure.

use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind, TypeId};

/// What a named type is made of: its fields or cases, each as it would be written.
pub struct Parts {
    /// `record`, `variant`, `enum`, `resource`, `type`.
    pub word: &'static str,
    /// `field` or `case`.
    pub part: &'static str,
    /// Name, and the whole of it: `("len", "len: u32")`.
    pub parts: Vec<(String, String)>,
}

/// None for a name that only stands for a type of another interface.
pub fn parts(resolve: &Resolve, id: TypeId) -> Option<Parts> {
    let kind = &resolve.types[id].kind;
    let (part, parts) = match kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter();
            let fields = fields.map(|field| {
                let whole = format!("{}: {}", field.name, shown(resolve, &field.ty));
                (field.name.clone(), whole)
            });
            ("field", fields.collect())
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            let cases = cases.map(|case| {
                let of = case.ty.map(|of| format!("({})", shown(resolve, &of)));
                (
                    case.name.clone(),
                    format!("{}{}", case.name, of.unwrap_or_default()),
                )
            });
            ("case", cases.collect())
        }
        TypeDefKind::Enum(cases) => {
            let names = cases
                .cases
                .iter()
                .map(|case| (case.name.clone(), case.name.clone()));
            ("case", names.collect())
        }
        TypeDefKind::Resource => ("function", Vec::new()),
        TypeDefKind::Type(Type::Id(_)) => return None,
        _ => ("form", vec![("it".into(), form(resolve, kind))]),
    };
    Some(Parts {
        word: kind.as_str(),
        part,
        parts,
    })
}

/// `func(table: string) -> result<list<column>, error>`
pub fn signature(resolve: &Resolve, function: &Function) -> String {
    let own = function.kind.resource().is_some() && function.name.starts_with("[method]");
    let params = function.params.iter().skip(usize::from(own));
    let params = params.map(|param| format!("{}: {}", param.name, shown(resolve, &param.ty)));
    let params = params.collect::<Vec<_>>().join(", ");
    let result = function
        .result
        .map(|result| format!(" -> {}", shown(resolve, &result)));
    format!("func({params}){}", result.unwrap_or_default())
}

/// A type where it is used: by its name, if it has one.
fn shown(resolve: &Resolve, of: &Type) -> String {
    match of {
        Type::Bool => "bool".into(),
        Type::U8 => "u8".into(),
        Type::U16 => "u16".into(),
        Type::U32 => "u32".into(),
        Type::U64 => "u64".into(),
        Type::S8 => "s8".into(),
        Type::S16 => "s16".into(),
        Type::S32 => "s32".into(),
        Type::S64 => "s64".into(),
        Type::F32 => "f32".into(),
        Type::F64 => "f64".into(),
        Type::Char => "char".into(),
        Type::String => "string".into(),
        Type::ErrorContext => "error-context".into(),
        Type::Id(id) => {
            let definition = &resolve.types[*id];
            definition
                .name
                .clone()
                .unwrap_or_else(|| form(resolve, &definition.kind))
        }
    }
}

/// A type without a name.
fn form(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let some = |of: &Option<Type>| of.map_or("_".into(), |of| shown(resolve, &of));
    match kind {
        TypeDefKind::Option(of) => format!("option<{}>", shown(resolve, of)),
        TypeDefKind::List(of) => format!("list<{}>", shown(resolve, of)),
        TypeDefKind::Result(result) => {
            format!("result<{}, {}>", some(&result.ok), some(&result.err))
        }
        TypeDefKind::Tuple(tuple) => {
            let types = tuple.types.iter().map(|of| shown(resolve, of));
            format!("tuple<{}>", types.collect::<Vec<_>>().join(", "))
        }
        TypeDefKind::Handle(Handle::Own(id)) => shown(resolve, &Type::Id(*id)),
        TypeDefKind::Handle(Handle::Borrow(id)) => {
            format!("borrow<{}>", shown(resolve, &Type::Id(*id)))
        }
        TypeDefKind::Type(of) => shown(resolve, of),
        other => other.as_str().to_owned(),
    }
}
