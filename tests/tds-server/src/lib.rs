//! A stand-in for SQL Server.
