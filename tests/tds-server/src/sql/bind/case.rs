//! CASE, the type that holds several values, and OVER.

use super::{Binder, Bound, Result, Scope};
use crate::sql::ast::{Expr, Over};
use crate::types::Type;
use crate::types::type_info::Sent;

impl Binder {
    pub(super) fn case(
        &self,
        operand: Option<&Expr>,
        whens: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> Result<Bound> {
        let operand = operand
            .map(|operand| self.expr(operand, scope))
            .transpose()?;
        let mut branches = Vec::new();
        for (when, then) in whens {
            let when = match &operand {
                Some(operand) => self.compare("=", operand.clone(), self.expr(when, scope)?)?,
                None => self.condition(when, scope)?,
            };
            branches.push((when, self.expr(then, scope)?));
        }
        let otherwise = match otherwise {
            Some(value) => self.expr(value, scope)?,
            None => Bound::new("NULL", Type::Int),
        };
        let values = branches
            .iter()
            .map(|(_, then)| then.clone())
            .chain([otherwise.clone()]);
        let sent = self.common(&values.collect::<Vec<_>>());
        let mut sql = String::from("CASE");
        for (when, then) in branches {
            sql += &format!(" WHEN {when} THEN {}", self.cast(then, sent.ty).sql);
        }
        sql += &format!(" ELSE {} END", self.cast(otherwise, sent.ty).sql);
        Ok(Bound {
            sql,
            sent,
            plain: false,
        })
    }

    /// What holds all of them, as CASE and COALESCE return it.
    pub fn common(&self, values: &[Bound]) -> Sent {
        let mut typed = values.iter().filter(|value| value.sql != "NULL");
        let mut sent = match typed.next() {
            Some(first) => first.sent.clone(),
            None => Sent::nullable(Type::Int),
        };
        for value in typed {
            sent.ty = sent.ty.common(value.sent.ty);
            sent.collation = sent.collation.or_else(|| value.sent.collation.clone());
        }
        sent.nullable = values.iter().any(|value| value.sent.nullable);
        sent
    }

    pub(super) fn over(&self, over: &Over, scope: &Scope<'_>) -> Result<String> {
        let mut sql = String::from(" OVER (");
        if !over.partition.is_empty() {
            let values = over
                .partition
                .iter()
                .map(|value| Ok(self.expr(value, scope)?.collated()));
            sql += &format!(
                "PARTITION BY {}",
                values.collect::<Result<Vec<_>>>()?.join(", ")
            );
        }
        if !over.order.is_empty() {
            let keys = over.order.iter().map(|order| {
                let key = self.expr(&order.value, scope)?.collated();
                Ok(format!(
                    "{key}{}",
                    if order.descending { " DESC" } else { "" }
                ))
            });
            sql += &format!(" ORDER BY {}", keys.collect::<Result<Vec<_>>>()?.join(", "));
        }
        Ok(sql + ")")
    }
}
