// Who owns which blocks of an image.
#ifndef SVSM_TOOLS_SVSM_COCOONFS_MAP_H_
#define SVSM_TOOLS_SVSM_COCOONFS_MAP_H_

#include <string>
#include <vector>

#include "svsm/cocoonfs/verify.h"
#include "tools/svsm-cocoonfs/session.h"

namespace svsm::cocoonfs_tool {

struct Owner {
  cocoonfs::Region region;
  std::uint64_t inode;  // 0: no file's
  std::uint64_t first;
  std::uint64_t count;
};

// Verifies the image and collects the owners as they are found; may show a bar.
class MapMaker final : public cocoonfs::VerifyProgress {
 public:
  explicit MapMaker(bool wants_bar) : bar_("verify", wants_bar) {}
  Status OnProgress(std::uint64_t blocks_done, std::uint64_t blocks_total) override {
    return bar_.OnProgress(blocks_done, blocks_total);
  }
  void OnOwner(cocoonfs::Region region, std::uint64_t inode, std::uint64_t first_block,
               std::uint64_t num_blocks) override {
    owners_.push_back({region, inode, first_block, num_blocks});
  }
  // In the order of their places, joined where they touch.
  std::vector<Owner> Owners() const;

 private:
  ProgressBar bar_;
  std::vector<Owner> owners_;
};

// An SVG of the image's blocks, row by row, with a legend.
std::string Picture(const std::vector<Owner>& owners, const cocoonfs::Usage& usage,
                    const std::string& title);

}  // namespace svsm::cocoonfs_tool

#endif  // SVSM_TOOLS_SVSM_COCOONFS_MAP_H_
