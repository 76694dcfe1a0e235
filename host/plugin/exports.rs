//! Which exported function has another type than the contract says. The library finds that out when it starts a component,
//! but does not say which it was.

use wasmtime::Store;
use wasmtime::component::{ComponentNamedList, Func, Lift, Lower, Resource, ResourceAny};

use super::bindings::SourcePluginPre;
use super::bindings::exports::sluice::source::source as wit;
use super::bindings::sluice::source::types::Column;
use super::contract;
use super::imports::{Connection, State};
use super::instance::Answer;

type Fits = fn(&Func, &Store<State>) -> wasmtime::Result<()>;

/// As `wit/` has them; a function that is missing here would only be named less well.
const FUNCTIONS: [(&str, Fits); 9] = [
    ("describe", fits::<(), (wit::Description,)>),
    ("check", fits::<(Resource<Connection>,), (Answer<String>,)>),
    (
        "tables",
        fits::<(Resource<Connection>,), (Answer<Vec<wit::TableEntry>>,)>,
    ),
    (
        "columns",
        fits::<(Resource<Connection>, Option<String>, String), (Answer<Vec<wit::ColumnEntry>>,)>,
    ),
    (
        "[static]reader.open",
        fits::<(Resource<Connection>, wit::Request), (Answer<ResourceAny>,)>,
    ),
    (
        "[method]reader.columns",
        fits::<(ResourceAny,), (Vec<Column>,)>,
    ),
    ("[method]reader.key", fits::<(ResourceAny,), (Vec<u32>,)>),
    (
        "[method]reader.warnings",
        fits::<(ResourceAny,), (Vec<String>,)>,
    ),
    (
        "[method]reader.next",
        fits::<(ResourceAny, u32), (Answer<wit::Step>,)>,
    ),
];

fn fits<Params, Results>(func: &Func, store: &Store<State>) -> wasmtime::Result<()>
where
    Params: ComponentNamedList + Lower,
    Results: ComponentNamedList + Lift,
{
    func.typed::<Params, Results>(store).map(drop)
}

/// The first function that does not fit, what its type is and what it should be. None: it is something else.
pub async fn that_does_not_fit(
    component: &SourcePluginPre<State>,
    mut store: Store<State>,
) -> Option<String> {
    let started = component.instance_pre().instantiate_async(&mut store);
    let instance = started.await.ok()?;
    let name = contract::export_name(component.instance_pre().component(), component.engine())?;
    let source = instance.get_export_index(&mut store, None, &name)?;
    for (name, fits) in FUNCTIONS {
        let index = instance.get_export_index(&mut store, Some(&source), name)?;
        let func = instance.get_func(&mut store, index)?;
        if let Err(error) = fits(&func, &store) {
            return Some(format!("`{name}`: {error:#}"));
        }
    }
    None
}
