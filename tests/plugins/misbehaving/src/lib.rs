wit_bindgen::generate!({ path: "../../../wit", world: "source-plugin" });
use exports::sluice::source::source::*;
struct Misbehaving; struct R;
impl Guest for Misbehaving { type Reader = R;
 fn describe() -> Description { Description{kind:"misbehaving".into(),version:"0.1.0".into(),connection_kinds:vec!["postgres".into()],default_schema:"".into(),capabilities:vec![]}}
 fn check(_c:&Connection)->Result<String,Error>{Ok("x".into())}
 fn tables(_c:&Connection)->Result<Vec<TableEntry>,Error>{Ok(vec![])}
 fn columns(_c:&Connection,_s:Option<String>,_t:String)->Result<Vec<ColumnEntry>,Error>{Ok(vec![])}
}
impl GuestReader for R {
 fn open(_c:Connection,_r:Request)->Result<Reader,Error>{Ok(Reader::new(R))}
 fn columns(&self)->Vec<Column>{vec![]}
 fn next(&self,_m:u32)->Result<Step,Error>{Ok(Step::Done(Done{warnings:vec![]}))}
}
export!(Misbehaving);
