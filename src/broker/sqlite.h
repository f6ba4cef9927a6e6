// broker/sqlite.h: one connection to SQLite, and statements that are prepared once.
#ifndef SVSM_BROKER_SQLITE_INTERNAL_H_
#define SVSM_BROKER_SQLITE_INTERNAL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace svsm::broker {

// What a result code of SQLite's means to a Store's caller; detail = the extended code.
Status SqliteStatus(int extended_code);

class Sqlite final {
 public:
  Sqlite() = default;
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  ~Sqlite();

  // Opens or makes, with everything off that a hostile file could use.
  Status Open(const std::string& path);
  // Runs SQL without results.
  Status Run(const char* sql);
  // Rows that the last INSERT, UPDATE or DELETE changed.
  std::int64_t changes() const;
  // A transaction is open: SQLite closes one by itself when the disk fails.
  bool in_transaction() const;
  sqlite3* handle() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

// One use of a statement:
//
//   Query query(statement);
//   query.Bind(session).Bind(now);
//   SVSM_ASSIGN_OR_RETURN(const bool found, query.Step());
//   const std::int64_t boots = query.Int();
//
// Parameters and columns are taken in order. Faults are sticky: Finish() tells.
class Query final {
 public:
  explicit Query(sqlite3_stmt* statement) : statement_(statement) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();  // resets the statement and forgets what was bound

  Query& Bind(ByteView blob);
  Query& Bind(std::int64_t number);
  Query& BindText(std::string_view text);
  Query& BindNull();

  // Whether there is a (further) row.
  Result<bool> Step();

  std::int64_t Int();
  std::string Text();
  ByteVector Blob();
  bool TakeNull();  // takes the column if it is null
  // A blob of exactly this size.
  void Into(ByteSpan out);
  // An integer between 0 and `last`.
  std::uint32_t Small(std::uint32_t last);
  // Whether all columns had the form that was asked for. Errors: kDataLoss.
  Status Finish() const;

 private:
  void Fault(int code) {
    if (code_ == 0) code_ = code;
  }
  bool Is(int type);

  sqlite3_stmt* statement_;
  int parameter_ = 0;
  int column_ = 0;
  int code_ = 0;
  bool damaged_ = false;
};

// A prepared statement.
class Statement final {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(statement_, other.statement_);
    return *this;
  }
  ~Statement();

  Status Prepare(const Sqlite& db, const char* sql);
  sqlite3_stmt* get() const { return statement_; }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_SQLITE_INTERNAL_H_
