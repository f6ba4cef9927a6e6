// Layouts that tests go through: each parameter at other values than the default, alone and mixed.
#ifndef SVSM_TESTS_COCOONFS_LAYOUTS_H_
#define SVSM_TESTS_COCOONFS_LAYOUTS_H_

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <vector>

#include "svsm/cocoonfs/layout.h"

namespace svsm::cocoonfs {

struct LayoutCase {
  const char* name;
  ImageLayout layout;
  std::size_t image_bytes;
  std::uint32_t device_block;
};
inline void PrintTo(const LayoutCase& test, std::ostream* os) { *os << test.name; }

inline ImageLayout LayoutWith(void (*change)(ImageLayout&)) {
  ImageLayout layout;
  change(layout);
  return layout;
}

// With images that have room for some files.
inline std::vector<LayoutCase> LayoutCases() {
  const auto with = LayoutWith;
  return {
      {"plain", {}, 131072, 512},
      {"tearing", {}, 131072, 128},
      {"io_4k", with([](ImageLayout& l) {
         l.io_block_log2 = 5;
         l.tree_node_log2 = 0;
       }),
       262144, 4096},
      {"io_8k_data_512", with([](ImageLayout& l) {
         l.io_block_log2 = 6;
         l.tree_node_log2 = 0;
       }),
       524288, 2048},
      {"data_8k", with([](ImageLayout& l) {
         l.data_block_log2 = 6;
         l.bitmap_block_log2 = 6;
       }),
       262144, 512},
      {"data_128", with([](ImageLayout& l) {
         l.data_block_log2 = 0;
         l.bitmap_block_log2 = 0;
         l.tree_node_log2 = 0;
       }),
       131072, 512},
      {"alloc_1k", with([](ImageLayout& l) {
         l.allocation_block_log2 = 3;
         l.io_block_log2 = 2;
         l.data_block_log2 = 0;
         l.bitmap_block_log2 = 0;
         l.tree_node_log2 = 0;
       }),
       524288, 4096},
      {"alloc_4k_device_512", with([](ImageLayout& l) {
         l.allocation_block_log2 = 5;
         l.io_block_log2 = 0;
         l.data_block_log2 = 0;
         l.bitmap_block_log2 = 0;
         l.tree_node_log2 = 0;
       }),
       1 << 20, 512},
      {"mixed", with([](ImageLayout& l) {
         l.allocation_block_log2 = 1;
         l.io_block_log2 = 3;
         l.data_block_log2 = 2;
         l.tree_node_log2 = 1;
         l.bitmap_block_log2 = 1;
         l.index_leaf_log2 = 1;
         l.index_internal_log2 = 2;
       }),
       262144, 2048},
      {"strong", with([](ImageLayout& l) {
         l.key_bits = 256;
         l.node_hash = l.data_hash = crypto::HashAlg::kSha512;
       }),
       131072, 512},
  };
}

// Those, and more for who needs an empty image only: sizes at the edges, one parameter at a time.
inline std::vector<LayoutCase> EmptyLayoutCases() {
  const auto with = LayoutWith;
  std::vector<LayoutCase> cases = LayoutCases();
  const std::vector<LayoutCase> more = {
      {"small", {}, 16384, 128},
      {"large", {}, 8 << 20, 512},
      {"odd_size", {}, 511 * 512, 512},
      {"io_128", with([](ImageLayout& l) {
         l.io_block_log2 = 0;
         l.tree_node_log2 = 3;
       }),
       65536, 128},
      {"data_128_bitmap_512", with([](ImageLayout& l) { l.data_block_log2 = 0; }), 65536, 512},
      {"data_8k_bitmap_512", with([](ImageLayout& l) { l.data_block_log2 = 6; }), 262144, 512},
      {"odd_data", with([](ImageLayout& l) { l.data_block_log2 = 5; }), 333 * 512, 512},
      {"node_8k", with([](ImageLayout& l) { l.tree_node_log2 = 4; }), 131072, 512},
      {"bitmap_128", with([](ImageLayout& l) {
         l.bitmap_block_log2 = 0;
         l.data_block_log2 = 0;
       }),
       65536, 512},
      {"leaf_1k", with([](ImageLayout& l) {
         l.index_leaf_log2 = 3;
         l.index_internal_log2 = 2;
       }),
       65536, 512},
  };
  cases.insert(cases.end(), more.begin(), more.end());
  return cases;
}

}  // namespace svsm::cocoonfs

#endif  // SVSM_TESTS_COCOONFS_LAYOUTS_H_
