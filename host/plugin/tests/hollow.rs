//! Components made from WIT text alone: every export has the type that the text says, and traps.

use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, Instruction, MemorySection,
    MemoryType, Module, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::abi::WasmType;
use wit_parser::{
    LiftLowerAbi, ManglingAndAbi, Resolve, WasmExport, WasmExportKind, WorldId, WorldItem,
};

const MANGLING: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// The contract as an author's copy has it before anybody changes it.
pub const WIT: &str = include_str!("../../../wit/source.wit");

/// A component of the text's one world.
pub fn component(wit: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("source.wit", wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = module(&resolve, world);
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .unwrap();
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder.validate(true).module(&module).unwrap();
    encoder.encode().unwrap()
}

/// Name, parameters and results of each export.
fn exports(resolve: &Resolve, world: WorldId) -> Vec<(String, Vec<WasmType>, Vec<WasmType>)> {
    let mut exports = Vec::new();
    for (name, item) in &resolve.worlds[world].exports {
        let WorldItem::Interface { id, .. } = item else {
            continue;
        };
        for func in resolve.interfaces[*id].functions.values() {
            let export = WasmExport::Func {
                interface: Some(name),
                func,
                kind: WasmExportKind::Normal,
            };
            let signature = resolve.wasm_signature(MANGLING.export_variant(), func);
            let name = resolve.wasm_export_name(MANGLING, export);
            exports.push((name, signature.params, signature.results));
        }
    }
    let realloc = resolve.wasm_export_name(MANGLING, WasmExport::Realloc);
    exports.push((realloc, vec![WasmType::I32; 4], vec![WasmType::I32]));
    exports
}

fn module(resolve: &Resolve, world: WorldId) -> Vec<u8> {
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    let (mut memories, mut code) = (MemorySection::new(), CodeSection::new());
    let mut exported = ExportSection::new();
    for (index, (name, params, results)) in (0..).zip(exports(resolve, world)) {
        let (params, results) = (params.into_iter().map(core), results.into_iter().map(core));
        types.ty().function(params, results);
        functions.function(index);
        exported.export(&name, ExportKind::Func, index);
        let mut body = Function::new([]);
        body.instruction(&Instruction::Unreachable);
        body.instruction(&Instruction::End);
        code.function(&body);
    }
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let memory = resolve.wasm_export_name(MANGLING, WasmExport::Memory);
    exported.export(&memory, ExportKind::Memory, 0);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&memories);
    module.section(&exported).section(&code);
    module.finish()
}

fn core(of: WasmType) -> ValType {
    match of {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}
