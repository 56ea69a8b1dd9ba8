DROP VIEW assigned_identifiers;
