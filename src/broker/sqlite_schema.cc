#include "broker/sqlite_schema.h"

#include <array>
#include <string>
#include <utility>

#include "svsm/core/secret.h"

namespace svsm::broker {
namespace {

struct Object {
  const char* type;
  const char* name;
  const char* sql;  // exactly as SQLite keeps it
};

constexpr std::array<Object, 9> kObjects = {{
    {"table", "meta",
     "CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1),"
     " challenge_key BLOB NOT NULL CHECK (length(challenge_key) = 32)) STRICT"},
    {"table", "vm",
     "CREATE TABLE vm (vm_id BLOB PRIMARY KEY CHECK (length(vm_id) = 16),"
     " boots INTEGER NOT NULL CHECK (boots > 0), last_at INTEGER NOT NULL) STRICT, WITHOUT ROWID"},
    {"table", "boot_request",
     "CREATE TABLE boot_request (request_id BLOB PRIMARY KEY CHECK (length(request_id) = 16),"
     " host_data BLOB NOT NULL UNIQUE CHECK (length(host_data) = 32),"
     " vm_id BLOB NOT NULL CHECK (length(vm_id) = 16),"
     " uses_left INTEGER NOT NULL CHECK (uses_left BETWEEN 0 AND 4294967295),"
     " not_after INTEGER NOT NULL) STRICT, WITHOUT ROWID"},
    {"table", "session",
     "CREATE TABLE session (n INTEGER PRIMARY KEY,"
     " session_id BLOB NOT NULL UNIQUE CHECK (length(session_id) = 16),"
     " at INTEGER NOT NULL, peer TEXT NOT NULL,"
     " affirmed INTEGER NOT NULL CHECK (affirmed IN (0, 1)),"
     " reasons TEXT NOT NULL, error_id TEXT NOT NULL,"
     " request_digest BLOB NOT NULL CHECK (length(request_digest) = 48),"
     " nonce BLOB NOT NULL CHECK (length(nonce) = 32),"
     " mode INTEGER NOT NULL CHECK (mode BETWEEN 0 AND 2),"
     " curve INTEGER NOT NULL CHECK (curve IN (0, 2)),"
     " x BLOB NOT NULL CHECK (length(x) = 66), y BLOB NOT NULL CHECK (length(y) = 66),"
     " report_digest BLOB NOT NULL CHECK (length(report_digest) = 48),"
     " measurement BLOB NOT NULL CHECK (length(measurement) = 48),"
     " host_data BLOB NOT NULL CHECK (length(host_data) = 32),"
     " chip_id BLOB NOT NULL CHECK (length(chip_id) = 64),"
     " token TEXT NOT NULL,"
     " token_digest BLOB UNIQUE CHECK (length(token_digest) = 32),"
     " vm_id BLOB CHECK (length(vm_id) = 16),"
     " boot INTEGER CHECK (boot > 0), UNIQUE (vm_id, boot),"
     " CHECK ((affirmed = 1) = (boot IS NOT NULL)), CHECK ((boot IS NULL) = (vm_id IS NULL)),"
     " CHECK ((boot IS NULL) = (token_digest IS NULL))) STRICT"},
    {"table", "secret",
     "CREATE TABLE secret (session_id BLOB NOT NULL CHECK (length(session_id) = 16),"
     " resource TEXT NOT NULL, reply BLOB,"
     " reply_digest BLOB NOT NULL CHECK (length(reply_digest) = 48),"
     " at INTEGER NOT NULL, PRIMARY KEY (session_id, resource)) STRICT"},
    // What lists and Prune() look for, however long the history is.
    {"index", "vm_last_at", "CREATE INDEX vm_last_at ON vm (last_at)"},
    {"index", "session_token", "CREATE INDEX session_token ON session (at) WHERE token <> ''"},
    {"index", "session_refused", "CREATE INDEX session_refused ON session (n) WHERE affirmed = 0"},
    {"index", "secret_reply", "CREATE INDEX secret_reply ON secret (at) WHERE reply IS NOT NULL"},
}};

Status DataLoss() { return Status(Code::kDataLoss, Source::kBroker); }

Result<std::int64_t> Number(Sqlite& db, const char* sql) {
  Statement statement;
  SVSM_TRY(statement.Prepare(db, sql));
  Query query(statement.get());
  SVSM_ASSIGN_OR_RETURN(const bool found, query.Step());
  if (!found) return DataLoss();
  const std::int64_t number = query.Int();
  SVSM_TRY(query.Finish());
  return number;
}

Status Make(Sqlite& db, crypto::Rng& rng) {
  for (const Object& object : kObjects) SVSM_TRY(db.Run(object.sql));
  Statement statement;
  SVSM_TRY(statement.Prepare(db, "INSERT INTO meta (id, challenge_key) VALUES (1, ?)"));
  Secret<32> key;
  SVSM_TRY(rng.Generate(key.writable()));
  Query query(statement.get());
  SVSM_TRY(query.Bind(key.view()).Step().status());
  const std::string mark = "PRAGMA application_id = " + std::to_string(kApplicationId) +
                           "; PRAGMA user_version = " + std::to_string(kSchemaVersion);
  return db.Run(mark.c_str());
}

// Nothing but what is ours, and the indices that SQLite makes for keys.
Status CheckObjects(Sqlite& db) {
  Statement statement;
  SVSM_TRY(statement.Prepare(db, "SELECT type, name, sql FROM sqlite_schema"));
  Query query(statement.get());
  std::size_t found = 0;
  for (;;) {
    SVSM_ASSIGN_OR_RETURN(const bool more, query.Step());
    if (!more) break;
    const std::string type = query.Text();
    const std::string name = query.Text();
    if (type == "index" && name.starts_with("sqlite_autoindex_") && query.TakeNull()) continue;
    const std::string sql = query.Text();
    SVSM_TRY(query.Finish());
    bool known = false;
    for (const Object& object : kObjects) {
      known = known || (type == object.type && name == object.name && sql == object.sql);
    }
    if (!known) return DataLoss();
    ++found;
  }
  return found == kObjects.size() ? OkStatus() : DataLoss();
}

// Structure, types and constraints of all rows.
Status CheckRows(Sqlite& db) {
  Statement statement;
  SVSM_TRY(statement.Prepare(db, "PRAGMA integrity_check(1)"));
  Query query(statement.get());
  SVSM_ASSIGN_OR_RETURN(const bool found, query.Step());
  if (!found || query.Text() != "ok" || !query.Finish().ok()) return DataLoss();
  // A secret belongs to a session that was affirmed, and no guest has fewer boots than sessions
  // say.
  SVSM_ASSIGN_OR_RETURN(
      const std::int64_t strays,
      Number(db,
             "SELECT (SELECT count(*) FROM secret WHERE NOT EXISTS (SELECT 1 FROM session"
             " WHERE session.session_id = secret.session_id AND affirmed = 1))"
             " + (SELECT count(*) FROM session LEFT JOIN vm ON vm.vm_id = session.vm_id"
             " WHERE session.boot IS NOT NULL AND (vm.boots IS NULL OR session.boot > vm.boots))"
             " + (SELECT count(*) <> 1 FROM meta)"));
  return strays == 0 ? OkStatus() : DataLoss();
}

// Whether the database is empty. Errors: kDataLoss (it is somebody else's), kUnsupported.
Result<bool> IsNew(Sqlite& db) {
  SVSM_ASSIGN_OR_RETURN(const std::int64_t id, Number(db, "PRAGMA application_id"));
  SVSM_ASSIGN_OR_RETURN(const std::int64_t version, Number(db, "PRAGMA user_version"));
  SVSM_ASSIGN_OR_RETURN(const std::int64_t tables,
                        Number(db, "SELECT count(*) FROM sqlite_schema"));
  if (id == 0 && version == 0 && tables == 0) return true;
  if (id != kApplicationId || version < 1) return DataLoss();
  if (version > kSchemaVersion) {
    return Status(Code::kUnsupported, Source::kBroker, static_cast<std::uint32_t>(version));
  }
  return false;
}

Status MakeOrCheck(Sqlite& db, crypto::Rng& rng) {
  SVSM_ASSIGN_OR_RETURN(const bool is_new, IsNew(db));
  if (is_new) return Make(db, rng);
  SVSM_TRY(CheckObjects(db));
  return CheckRows(db);
}

}  // namespace

Status PrepareSchema(Sqlite& db, crypto::Rng& rng) {
  SVSM_TRY(db.Run("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY"));
  // Somebody else's database is not even given another journal.
  SVSM_TRY(IsNew(db).status());
  SVSM_TRY(
      db.Run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;"
             "PRAGMA secure_delete = ON"));
  SVSM_TRY(db.Run("BEGIN IMMEDIATE"));
  const Status prepared = MakeOrCheck(db, rng);
  if (!prepared.ok()) {
    const Status ignored = db.Run("ROLLBACK");
    static_cast<void>(ignored);
    return prepared;
  }
  return db.Run("COMMIT");
}

}  // namespace svsm::broker
