#include "tools/svsm-cocoonfs/map.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tools/common/markup.h"

namespace svsm::cocoonfs_tool {
namespace {

using cocoonfs::Region;

constexpr std::uint64_t kMaxRows = 64;
constexpr int kWidth = 1024;
constexpr int kRowHeight = 10;
constexpr int kTop = 60;
constexpr int kLeft = 10;

struct Colour {
  Region region;
  const char* colour;
};
constexpr Colour kColours[] = {
    {Region::kMutableHeader, "#222222"}, {Region::kJournalHead, "#d62728"},
    {Region::kTreeNode, "#2ca02c"},      {Region::kBitmap, "#9467bd"},
    {Region::kAux, "#e377c2"},           {Region::kEntryLeaf, "#ff7f0e"},
    {Region::kIndexLeaf, "#ffae5a"},     {Region::kIndexInternal, "#bc5a00"},
    {Region::kExtentsList, "#17becf"},   {Region::kFileData, "#1f77b4"},
};
// Files beside each other have different shades.
constexpr const char* kFileShades[] = {"#1f77b4", "#6aaed6", "#08519c", "#9ecae1"};

const char* ColourOf(const Owner& owner) {
  if (owner.region == Region::kFileData) return kFileShades[owner.inode % 4];
  for (const Colour& colour : kColours) {
    if (colour.region == owner.region) return colour.colour;
  }
  return "#000000";
}

std::string Label(const Owner& owner) {
  const std::string place =
      fmt::format("blocks {} to {}", owner.first, owner.first + owner.count - 1);
  const std::string what = cocoonfs::RegionName(owner.region);
  return owner.inode < cocoonfs::kMinUserInode
             ? fmt::format("{}, {}", what, place)
             : fmt::format("{} of inode {}, {}", what, owner.inode, place);
}

}  // namespace

std::vector<Owner> MapMaker::Owners() const {
  std::vector<Owner> sorted = owners_;
  std::sort(sorted.begin(), sorted.end(),
            [](const Owner& a, const Owner& b) { return a.first < b.first; });
  std::vector<Owner> joined;
  for (const Owner& owner : sorted) {
    if (!joined.empty() && joined.back().region == owner.region &&
        joined.back().inode == owner.inode &&
        joined.back().first + joined.back().count == owner.first) {
      joined.back().count += owner.count;
    } else {
      joined.push_back(owner);
    }
  }
  return joined;
}

std::string Picture(const std::vector<Owner>& owners, const cocoonfs::Usage& usage,
                    const std::string& title) {
  const std::uint64_t rows = std::clamp<std::uint64_t>(usage.num_blocks / 64, 1, kMaxRows);
  const std::uint64_t per_row = (usage.num_blocks + rows - 1) / rows;
  const int height = kTop + static_cast<int>(rows) * kRowHeight + 10;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\" font-family=\"sans-serif\" font-size=\"11\">\n<title>{2}</title>\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n"
      "<text x=\"{3}\" y=\"18\" font-size=\"14\">{2}: {4} blocks of {5} B, {6} free</text>\n",
      kWidth + 2 * kLeft, height, tool::EscapeMarkup(title), kLeft, usage.num_blocks,
      usage.block_size_bytes, usage.num_free_blocks);
  int x = kLeft;
  for (const Colour& colour : kColours) {
    const char* const name = cocoonfs::RegionName(colour.region);
    fmt::format_to(std::back_inserter(svg),
                   "<rect x=\"{}\" y=\"32\" width=\"12\" height=\"12\" fill=\"{}\"/><text x=\"{}\" "
                   "y=\"42\">{}</text>\n",
                   x, colour.colour, x + 16, name);
    x += 30 + 7 * static_cast<int>(std::string(name).size());
  }
  fmt::format_to(std::back_inserter(svg),
                 "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"#eeeeee\"/>\n", kLeft,
                 kTop, kWidth, static_cast<int>(rows) * kRowHeight);
  const double unit = static_cast<double>(kWidth) / static_cast<double>(per_row);
  for (const Owner& owner : owners) {
    fmt::format_to(std::back_inserter(svg), "<g fill=\"{}\"><title>{}</title>", ColourOf(owner),
                   Label(owner));
    for (std::uint64_t at = owner.first; at < owner.first + owner.count;) {
      const std::uint64_t row = at / per_row;
      const std::uint64_t end = std::min(owner.first + owner.count, (row + 1) * per_row);
      fmt::format_to(std::back_inserter(svg),
                     "<rect x=\"{:.2f}\" y=\"{}\" width=\"{:.2f}\" height=\"{}\"/>",
                     kLeft + unit * static_cast<double>(at - row * per_row),
                     kTop + static_cast<int>(row) * kRowHeight,
                     unit * static_cast<double>(end - at), kRowHeight - 1);
      at = end;
    }
    svg += "</g>\n";
  }
  return svg + "</svg>\n";
}

}  // namespace svsm::cocoonfs_tool
