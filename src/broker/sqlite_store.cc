#include "svsm/broker/sqlite_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <utility>

#include "broker/batch_writer.h"
#include "broker/sqlite.h"
#include "broker/sqlite_schema.h"
#include "svsm/crypto/openssl.h"

namespace svsm::broker {
namespace {

Status Error(Code code) { return Status(code, Source::kBroker); }

enum Sql : std::size_t {
  kTakeRequest,
  kCountBoot,
  kInsertSession,
  kFindSession,
  kFindToken,
  kInsertSecret,
  kFindSecret,
  kAddRequest,
  kRemoveRequest,
  kListGuests,
  kListSessions,
  kListRequests,
  kListSecrets,
  kWipeTokens,
  kWipeReplies,
  kDropRefusals,
  kNumStatements
};

#define SESSION_COLUMNS                                                                       \
  "session_id, at, peer, affirmed, reasons, error_id, request_digest, nonce, mode, curve, x," \
  " y, report_digest, measurement, host_data, chip_id, token, vm_id, boot"

constexpr std::array<const char*, kNumStatements> kSql = {
    "UPDATE boot_request SET uses_left = uses_left - 1"
    " WHERE host_data = ? AND uses_left > 0 AND not_after >= ? RETURNING vm_id",
    "INSERT INTO vm (vm_id, boots, last_at) VALUES (?, 1, ?) ON CONFLICT (vm_id) DO UPDATE"
    " SET boots = boots + 1, last_at = excluded.last_at WHERE boots < 9223372036854775807"
    " RETURNING boots",
    "INSERT INTO session (" SESSION_COLUMNS
    ", token_digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (session_id) DO NOTHING",
    "SELECT " SESSION_COLUMNS " FROM session WHERE session_id = ?",
    "SELECT " SESSION_COLUMNS " FROM session WHERE token_digest = ?",
    "INSERT INTO secret (session_id, resource, reply, reply_digest, at)"
    " SELECT session_id, ?, ?, ?, ? FROM session WHERE session_id = ? AND affirmed = 1"
    " ON CONFLICT (session_id, resource) DO NOTHING",
    "SELECT reply FROM secret WHERE session_id = ? AND resource = ?",
    "INSERT INTO boot_request (request_id, host_data, vm_id, uses_left, not_after)"
    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (request_id) DO NOTHING",
    "DELETE FROM boot_request WHERE request_id = ?",
    "SELECT vm_id, boots, last_at FROM vm ORDER BY last_at DESC LIMIT ?",
    "SELECT " SESSION_COLUMNS " FROM session ORDER BY n DESC LIMIT ?",
    "SELECT request_id, vm_id, uses_left, not_after FROM boot_request ORDER BY not_after DESC"
    " LIMIT ?",
    "SELECT session_id, resource, reply_digest, at FROM secret ORDER BY rowid DESC LIMIT ?",
    "UPDATE session SET token = '' WHERE token <> '' AND at < ?",
    "UPDATE secret SET reply = NULL WHERE reply IS NOT NULL AND at < ?",
    "DELETE FROM session WHERE affirmed = 0 AND at < ?"
    " AND n NOT IN (SELECT n FROM session WHERE affirmed = 0 ORDER BY n DESC LIMIT ?)",
};
#undef SESSION_COLUMNS

Result<Session> ReadSession(Query& row) {
  Session session;
  Verdict& verdict = session.verdict;
  row.Into(verdict.session);
  verdict.at = row.Int();
  verdict.peer = row.Text();
  verdict.affirmed = row.Small(1) == 1;
  verdict.reasons = row.Text();
  verdict.error_id = row.Text();
  row.Into(verdict.request_digest);
  row.Into(verdict.nonce);
  verdict.mode = static_cast<kbs::BindingMode>(row.Small(2));
  verdict.key.curve = static_cast<crypto::Curve>(row.Small(2));
  row.Into(verdict.key.x);
  row.Into(verdict.key.y);
  row.Into(verdict.report_digest);
  row.Into(verdict.measurement);
  row.Into(verdict.host_data);
  row.Into(verdict.chip_id);
  verdict.token = row.Text();
  if (!row.TakeNull()) row.Into(session.vm);
  if (!row.TakeNull()) session.boot.value = static_cast<std::uint64_t>(row.Int());
  SVSM_TRY(row.Finish());
  return session;
}

Status Demand(Result<bool> found, Code otherwise) {
  if (!found.ok()) return found.status();
  return *found ? OkStatus() : Error(otherwise);
}

// Makes the file with a mode that keeps others out; an existing one must have such a mode.
Status MakePrivate(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    close(fd);
    return OkStatus();
  }
  const int error = errno;
  if (error == ENOENT) return Error(Code::kNotFound);
  if (error == EACCES || error == EPERM) return Error(Code::kPermissionDenied);
  struct stat info {};
  if (error != EEXIST || stat(path.c_str(), &info) != 0) {
    return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(error));
  }
  if ((info.st_mode & 077) == 0) return OkStatus();
  return Status(Code::kPermissionDenied, Source::kBroker, info.st_mode & 0777);
}

}  // namespace

Result<VmId> VmOfHostData(FixedView<32> host_data) {
  static constexpr auto kLabel = Ascii("svsm guest v1");
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const ByteView parts[] = {kLabel, host_data};
  Bytes<32> digest{};
  SVSM_TRY(sha256.Digest(parts, digest));
  VmId vm;
  Copy(vm, ByteView(digest).first(vm.size()));
  return vm;
}

class SqliteStore::Impl {
 public:
  Status Open(const std::string& path, crypto::Rng& rng) {
    if (path != ":memory:") SVSM_TRY(MakePrivate(path));
    SVSM_TRY(db_.Open(path));
    SVSM_TRY(PrepareSchema(db_, rng));
    for (std::size_t i = 0; i < kNumStatements; ++i) {
      SVSM_TRY(statements_[i].Prepare(db_, kSql[i]));
    }
    Statement statement;
    SVSM_TRY(statement.Prepare(db_, "SELECT challenge_key FROM meta"));
    Query query(statement.get());
    SVSM_TRY(Demand(query.Step(), Code::kDataLoss));
    query.Into(challenge_key_.writable());
    return query.Finish();
  }

  Status Write(const std::function<Status()>& job) { return writer_.Run(job); }
  sqlite3_stmt* operator[](Sql sql) const { return statements_[sql].get(); }
  std::int64_t changes() const { return db_.changes(); }
  std::mutex& mutex() { return mutex_; }
  const Secret<32>& challenge_key() const { return challenge_key_; }

  Status Record(const Verdict& verdict, BootRule rule, Session& session);
  Status BeginBoot(BootRule rule, Session& session);
  Status InsertSession(const Session& session);
  Status StoredReply(const SessionId& session, std::string_view resource, ByteVector& reply);
  Result<Session> Find(Sql sql, ByteView key);

 private:
  Sqlite db_;
  std::mutex mutex_;
  BatchWriter writer_{db_, mutex_};
  std::array<Statement, kNumStatements> statements_;
  Secret<32> challenge_key_;
};

Status SqliteStore::Impl::BeginBoot(BootRule rule, Session& session) {
  const Verdict& verdict = session.verdict;
  if (rule == BootRule::kRequested) {
    Query query(statements_[kTakeRequest].get());
    query.Bind(verdict.host_data).Bind(verdict.at);
    SVSM_TRY(Demand(query.Step(), Code::kPermissionDenied));
    query.Into(session.vm);
    SVSM_TRY(query.Finish());
    SVSM_TRY(query.Step().status());
  } else {
    SVSM_ASSIGN_OR_RETURN(session.vm, VmOfHostData(verdict.host_data));
  }
  Query query(statements_[kCountBoot].get());
  query.Bind(session.vm).Bind(verdict.at);
  SVSM_TRY(Demand(query.Step(), Code::kExhausted));
  session.boot.value = static_cast<std::uint64_t>(query.Int());
  SVSM_TRY(query.Finish());
  return query.Step().status();
}

Status SqliteStore::Impl::InsertSession(const Session& session) {
  const Verdict& verdict = session.verdict;
  Query query(statements_[kInsertSession].get());
  query.Bind(verdict.session).Bind(verdict.at).BindText(verdict.peer);
  query.Bind(std::int64_t{verdict.affirmed}).BindText(verdict.reasons).BindText(verdict.error_id);
  query.Bind(verdict.request_digest).Bind(verdict.nonce);
  query.Bind(static_cast<std::int64_t>(verdict.mode));
  query.Bind(static_cast<std::int64_t>(verdict.key.curve));
  query.Bind(verdict.key.x).Bind(verdict.key.y).Bind(verdict.report_digest);
  query.Bind(verdict.measurement).Bind(verdict.host_data).Bind(verdict.chip_id);
  query.BindText(verdict.token);
  if (verdict.affirmed) {
    const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
    Bytes<32> digest{};
    SVSM_TRY(sha256.Digest(AsBytes(verdict.token), digest));
    query.Bind(session.vm).Bind(static_cast<std::int64_t>(session.boot.value)).Bind(digest);
  } else {
    query.BindNull().BindNull().BindNull();
  }
  SVSM_TRY(query.Step().status());
  return db_.changes() == 1 ? OkStatus() : Error(Code::kAlreadyExists);
}

Status SqliteStore::Impl::Record(const Verdict& verdict, BootRule rule, Session& session) {
  session = Session{verdict, {}, {}};
  if (verdict.affirmed) {
    const Status begun = BeginBoot(rule, session);
    if (begun.code() == Code::kPermissionDenied && begun.source() == Source::kBroker) {
      session.verdict.affirmed = false;
      session.verdict.token.clear();
      session.verdict.reasons = "boot request: HOST_DATA names none that may be used";
    } else if (!begun.ok()) {
      return begun;
    }
  }
  if (session.verdict.affirmed) session.verdict.error_id.clear();
  return InsertSession(session);
}

Status SqliteStore::Impl::StoredReply(const SessionId& session, std::string_view resource,
                                      ByteVector& reply) {
  Query query(statements_[kFindSecret].get());
  query.Bind(session).BindText(resource);
  SVSM_TRY(Demand(query.Step(), Code::kNotFound));
  if (query.TakeNull()) return Error(Code::kExhausted);
  reply = query.Blob();
  return query.Finish();
}

Result<Session> SqliteStore::Impl::Find(Sql sql, ByteView key) {
  const std::lock_guard guard(mutex_);
  Query query(statements_[sql].get());
  query.Bind(key);
  SVSM_TRY(Demand(query.Step(), Code::kNotFound));
  return ReadSession(query);
}

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteStore::~SqliteStore() = default;

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path, crypto::Rng& rng) {
  auto impl = std::make_unique<Impl>();
  SVSM_TRY(impl->Open(path, rng));
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(impl)));
}

const Secret<32>& SqliteStore::challenge_key() const { return impl_->challenge_key(); }

Result<Session> SqliteStore::RecordVerdict(const Verdict& verdict, BootRule rule) {
  Session session;
  SVSM_TRY(impl_->Write([&] { return impl_->Record(verdict, rule, session); }));
  return session;
}

Result<Session> SqliteStore::FindSession(const SessionId& session) {
  return impl_->Find(kFindSession, session);
}

Result<Session> SqliteStore::FindToken(FixedView<32> token_digest) {
  return impl_->Find(kFindToken, token_digest);
}

Result<ByteVector> SqliteStore::IssueSecret(const SessionId& session, std::string_view resource,
                                            ByteView reply, std::int64_t now) {
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  Bytes<48> digest{};
  SVSM_TRY(sha384.Digest(reply, digest));
  ByteVector stored;
  const auto issue = [&]() -> Status {
    {
      Query query((*impl_)[kInsertSecret]);
      query.BindText(resource).Bind(reply).Bind(digest).Bind(now).Bind(session);
      SVSM_TRY(query.Step().status());
    }
    return impl_->StoredReply(session, resource, stored);
  };
  SVSM_TRY(impl_->Write(issue));
  return stored;
}

Result<ByteVector> SqliteStore::FindSecret(const SessionId& session, std::string_view resource) {
  const std::lock_guard guard(impl_->mutex());
  ByteVector reply;
  SVSM_TRY(impl_->StoredReply(session, resource, reply));
  return reply;
}

Status SqliteStore::AddBootRequest(const BootRequest& request) {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  Bytes<32> digest{};
  SVSM_TRY(sha256.Digest(request.id, digest));
  return impl_->Write([&]() -> Status {
    Query query((*impl_)[kAddRequest]);
    query.Bind(request.id).Bind(digest).Bind(request.vm);
    query.Bind(std::int64_t{request.uses_left}).Bind(request.not_after);
    SVSM_TRY(query.Step().status());
    return impl_->changes() == 1 ? OkStatus() : Error(Code::kAlreadyExists);
  });
}

Status SqliteStore::RemoveBootRequest(const RequestId& id) {
  return impl_->Write([&]() -> Status {
    Query query((*impl_)[kRemoveRequest]);
    SVSM_TRY(query.Bind(id).Step().status());
    return impl_->changes() == 1 ? OkStatus() : Error(Code::kNotFound);
  });
}

// All rows of a list, each read by `read`.
template <typename T, typename Read>
Result<std::vector<T>> List(std::mutex& mutex, sqlite3_stmt* statement, std::size_t limit,
                            Read read) {
  const std::lock_guard guard(mutex);
  Query query(statement);
  query.Bind(static_cast<std::int64_t>(std::min(limit, kMaxListed)));
  std::vector<T> rows;
  for (;;) {
    SVSM_ASSIGN_OR_RETURN(const bool more, query.Step());
    if (!more) return rows;
    SVSM_ASSIGN_OR_RETURN(T row, read(query));
    rows.push_back(std::move(row));
  }
}

Result<std::vector<Guest>> SqliteStore::Guests(std::size_t limit) {
  return List<Guest>(impl_->mutex(), (*impl_)[kListGuests], limit, [](Query& row) -> Result<Guest> {
    Guest guest;
    row.Into(guest.vm);
    guest.boots.value = static_cast<std::uint64_t>(row.Int());
    guest.last_at = row.Int();
    SVSM_TRY(row.Finish());
    return guest;
  });
}

Result<std::vector<Session>> SqliteStore::Sessions(std::size_t limit) {
  return List<Session>(impl_->mutex(), (*impl_)[kListSessions], limit, ReadSession);
}

Result<std::vector<BootRequest>> SqliteStore::BootRequests(std::size_t limit) {
  return List<BootRequest>(impl_->mutex(), (*impl_)[kListRequests], limit,
                           [](Query& row) -> Result<BootRequest> {
                             BootRequest request;
                             row.Into(request.id);
                             row.Into(request.vm);
                             request.uses_left = row.Small(0xFFFFFFFF);
                             request.not_after = row.Int();
                             SVSM_TRY(row.Finish());
                             return request;
                           });
}

Result<std::vector<IssuedSecret>> SqliteStore::Issued(std::size_t limit) {
  return List<IssuedSecret>(impl_->mutex(), (*impl_)[kListSecrets], limit,
                            [](Query& row) -> Result<IssuedSecret> {
                              IssuedSecret issued;
                              row.Into(issued.session);
                              issued.resource = row.Text();
                              row.Into(issued.reply_digest);
                              issued.at = row.Int();
                              SVSM_TRY(row.Finish());
                              return issued;
                            });
}

Status SqliteStore::Prune(std::int64_t before) {
  return impl_->Write([&]() -> Status {
    for (const Sql sql : {kWipeTokens, kWipeReplies}) {
      Query query((*impl_)[sql]);
      SVSM_TRY(query.Bind(before).Step().status());
    }
    Query query((*impl_)[kDropRefusals]);
    query.Bind(before).Bind(static_cast<std::int64_t>(kMaxListed));
    return query.Step().status();
  });
}

}  // namespace svsm::broker
