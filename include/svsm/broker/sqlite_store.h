// svsm/broker/sqlite_store.h: a Store in one SQLite database.
//
//   SVSM_ASSIGN_OR_RETURN(const auto store, SqliteStore::Open("/var/lib/svsm-kbs/broker.db", rng));
//   MacChallenges challenges(store->challenge_key(), rng);
//
// Write-ahead log, synchronous=FULL: what a function wrote survives the loss of power. A file that
// is not such a database, is damaged, or has other tables, columns or values than this version
// writes is refused, never mended; older versions are migrated in one transaction.
//
// Profile: hosted. Allocates: the heap; SQLite's own. Threads: any, at once; several processes may
// have the same file open.
#ifndef SVSM_BROKER_SQLITE_STORE_H_
#define SVSM_BROKER_SQLITE_STORE_H_

#include <memory>
#include <string>

#include "svsm/broker/store.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/crypto/rng.h"

namespace svsm::broker {

class SqliteStore final : public Store {
 public:
  // Opens the file, or makes it with mode 0600. ":memory:" is a store that ends with the object.
  // Errors: kNotFound (the folder), kPermissionDenied, kDataLoss (not a database of ours, or
  // damaged), kUnsupported (detail = version; a newer one), kIoError (detail = SQLite's extended
  // code), kBusy, and those of Rng::Generate().
  static Result<std::unique_ptr<SqliteStore>> Open(const std::string& path, crypto::Rng& rng);
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;
  ~SqliteStore();

  // A random key, made with the database: for MacChallenges.
  const Secret<32>& challenge_key() const;

  Result<Session> RecordVerdict(const Verdict& verdict, BootRule rule) override;
  Result<Session> FindSession(const SessionId& session) override;
  Result<Session> FindToken(FixedView<32> token_digest) override;
  Result<ByteVector> IssueSecret(const SessionId& session, std::string_view resource,
                                 ByteView reply, std::int64_t now) override;
  Result<ByteVector> FindSecret(const SessionId& session, std::string_view resource) override;
  Status AddBootRequest(const BootRequest& request) override;
  Status RemoveBootRequest(const RequestId& id) override;
  Result<std::vector<Guest>> Guests(std::size_t limit) override;
  Result<std::vector<Session>> Sessions(std::size_t limit) override;
  Result<std::vector<BootRequest>> BootRequests(std::size_t limit) override;
  Result<std::vector<IssuedSecret>> Issued(std::size_t limit) override;
  Status Prune(std::int64_t before) override;

 private:
  class Impl;
  explicit SqliteStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_SQLITE_STORE_H_
