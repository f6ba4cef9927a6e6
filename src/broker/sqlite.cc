#include "broker/sqlite.h"

#include <sqlite3.h>

namespace svsm::broker {
namespace {

// How long one process waits for another's transaction.
constexpr int kBusyMs = 3000;
// The largest value: a reply that carries a resource of kMaxResourceBytes in base64.
constexpr int kMaxValueSize = 4 << 20;

}  // namespace

Status SqliteStatus(int extended_code) {
  const auto detail = static_cast<std::uint32_t>(extended_code);
  switch (extended_code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return OkStatus();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Status(Code::kBusy, Source::kBroker, detail);
    case SQLITE_NOMEM:
      return Status(Code::kOutOfMemory, Source::kBroker, detail);
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return Status(Code::kPermissionDenied, Source::kBroker, detail);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
      return Status(Code::kDataLoss, Source::kBroker, detail);
    default:
      return Status(Code::kIoError, Source::kBroker, detail);
  }
}

Sqlite::~Sqlite() { sqlite3_close(db_); }

Status Sqlite::Open(const std::string& path) {
  constexpr int kFlags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int opened = sqlite3_open_v2(path.c_str(), &db_, kFlags, nullptr);
  if (db_ == nullptr) return Status(Code::kOutOfMemory, Source::kBroker);
  if (opened != SQLITE_OK) return SqliteStatus(opened);
  sqlite3_busy_timeout(db_, kBusyMs);
  sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, kMaxValueSize);
  sqlite3_limit(db_, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(db_, SQLITE_LIMIT_TRIGGER_DEPTH, 0);
  constexpr struct {
    int option;
    int value;
  } kOptions[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                  {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                  {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                  {SQLITE_DBCONFIG_ENABLE_VIEW, 0}};
  for (const auto& [option, value] : kOptions) {
    const int set = sqlite3_db_config(db_, option, value, nullptr);
    if (set != SQLITE_OK) return SqliteStatus(set);
  }
  return OkStatus();
}

Status Sqlite::Run(const char* sql) {
  return SqliteStatus(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr));
}

std::int64_t Sqlite::changes() const { return sqlite3_changes64(db_); }

bool Sqlite::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

Statement::~Statement() { sqlite3_finalize(statement_); }

Status Statement::Prepare(const Sqlite& db, const char* sql) {
  return SqliteStatus(
      sqlite3_prepare_v3(db.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
}

Query::~Query() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::Bind(ByteView blob) {
  // A null pointer would bind NULL, not an empty blob.
  static constexpr std::uint8_t kNothing = 0;
  Fault(sqlite3_bind_blob64(statement_, ++parameter_, blob.empty() ? &kNothing : blob.data(),
                            blob.size(), SQLITE_TRANSIENT));
  return *this;
}

Query& Query::Bind(std::int64_t number) {
  Fault(sqlite3_bind_int64(statement_, ++parameter_, number));
  return *this;
}

Query& Query::BindText(std::string_view text) {
  Fault(sqlite3_bind_text64(statement_, ++parameter_, text.empty() ? "" : text.data(), text.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Query& Query::BindNull() {
  Fault(sqlite3_bind_null(statement_, ++parameter_));
  return *this;
}

Result<bool> Query::Step() {
  column_ = 0;
  if (code_ != SQLITE_OK) return SqliteStatus(code_);
  const int stepped = sqlite3_step(statement_);
  if (stepped == SQLITE_ROW) return true;
  if (stepped == SQLITE_DONE) return false;
  return SqliteStatus(stepped);
}

bool Query::Is(int type) {
  if (sqlite3_column_type(statement_, column_) == type) return true;
  damaged_ = true;
  ++column_;
  return false;
}

std::int64_t Query::Int() {
  return Is(SQLITE_INTEGER) ? sqlite3_column_int64(statement_, column_++) : 0;
}

std::string Query::Text() {
  if (!Is(SQLITE_TEXT)) return {};
  const auto* text = sqlite3_column_text(statement_, column_);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_));
  ++column_;
  return text == nullptr ? std::string() : std::string(text, text + size);
}

ByteVector Query::Blob() {
  if (!Is(SQLITE_BLOB)) return {};
  const void* blob = sqlite3_column_blob(statement_, column_);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_));
  ++column_;
  if (blob == nullptr) return {};
  return ToVector(ByteView(static_cast<const std::uint8_t*>(blob), size));
}

bool Query::TakeNull() {
  if (sqlite3_column_type(statement_, column_) != SQLITE_NULL) return false;
  ++column_;
  return true;
}

void Query::Into(ByteSpan out) {
  const ByteVector blob = Blob();
  if (blob.size() == out.size()) {
    Copy(out, blob);
  } else {
    damaged_ = true;
  }
}

std::uint32_t Query::Small(std::uint32_t last) {
  const std::int64_t number = Int();
  if (number >= 0 && number <= last) return static_cast<std::uint32_t>(number);
  damaged_ = true;
  return 0;
}

Status Query::Finish() const {
  return damaged_ ? Status(Code::kDataLoss, Source::kBroker) : OkStatus();
}

}  // namespace svsm::broker
