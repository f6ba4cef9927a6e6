#include <fmt/format.h>

#include "tools/svsm-cocoonfs/session.h"
#include "tools/svsm-cocoonfs/verbs.h"

namespace svsm::cocoonfs_tool {

void VerifyImage(const Options& options) {
  const Key key(options.key);
  Session session(options, Use::kLook);
  session.OpenFileSystem(key.view());
  for (const cocoonfs::FileEntry& file : session.List()) session.Read(file.inode);
}

void DumpImage(const Options& options) { ShowInfo(options); }

}  // namespace svsm::cocoonfs_tool
