// svsm/snp_linux/tsm_tree.h: the files of Linux's configfs-tsm, behind a seam.
//
//   PosixTsmTree tree(kTsmRoot);
//   SVSM_ASSIGN_OR_RETURN(const std::string entry, tree.MakeEntry());
//   SVSM_TRY(tree.Write(entry, "inblob", report_data));
//   SVSM_ASSIGN_OR_RETURN(const std::vector<std::uint8_t> report, tree.Read(entry, "outblob"));
//   SVSM_TRY(tree.RemoveEntry(entry));
//
// Each directory made under the root is a request context of its own, in which the kernel puts
// attribute files. PosixTsmTree is the real thing, over any root; tests give a tree of their own.
//
// Profile: hosted. Allocates: yes. Threads: one object, one thread; other processes may use the
// same root. Spec: Linux Documentation/ABI/testing/configfs-tsm.
#ifndef SVSM_SNP_LINUX_TSM_TREE_H_
#define SVSM_SNP_LINUX_TSM_TREE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm::snp {

inline constexpr char kTsmRoot[] = "/sys/kernel/config/tsm/report";
// Larger attributes are refused.
inline constexpr std::size_t kMaxTsmAttributeSize = 1 << 20;

class TsmTree {
 public:
  // Makes a new entry and gives its name.
  virtual Result<std::string> MakeEntry() = 0;
  virtual Status RemoveEntry(const std::string& entry) = 0;
  // Gives an attribute its value in one write.
  virtual Status Write(const std::string& entry, const char* attribute, ByteView value) = 0;
  // The whole value.
  virtual Result<std::vector<std::uint8_t>> Read(const std::string& entry,
                                                 const char* attribute) = 0;

 protected:
  ~TsmTree() = default;
};

// The errors of all calls are those of FromErrno(), among them kNotFound (no such entry or
// attribute), kPermissionDenied, kBusy (the kernel says that it is; try again), kUnavailable (the
// kernel cannot: ENXIO, ENODEV, ENOTTY), kIoError; each with errno as detail.
class PosixTsmTree final : public TsmTree {
 public:
  explicit PosixTsmTree(std::string root) : root_(std::move(root)) {}

  // Errors besides those above: kUnavailable (detail kDetailNoConfigfsTsm: no such root),
  // kAlreadyExists (a hundred names are all taken).
  Result<std::string> MakeEntry() override;
  Status RemoveEntry(const std::string& entry) override;
  Status Write(const std::string& entry, const char* attribute, ByteView value) override;
  // Errors besides those above: kOutOfRange (detail = kMaxTsmAttributeSize).
  Result<std::vector<std::uint8_t>> Read(const std::string& entry, const char* attribute) override;

 private:
  std::string PathOf(const std::string& entry, const char* attribute) const;

  std::string root_;
};

}  // namespace svsm::snp

#endif  // SVSM_SNP_LINUX_TSM_TREE_H_
