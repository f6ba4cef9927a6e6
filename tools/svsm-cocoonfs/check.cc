#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "tools/svsm-cocoonfs/map.h"
#include "tools/svsm-cocoonfs/print.h"
#include "tools/svsm-cocoonfs/verbs.h"

namespace svsm::cocoonfs_tool {
namespace {

using Json = nlohmann::ordered_json;

Json FindingJson(const cocoonfs::Finding& finding) {
  Json out = {{"problem", cocoonfs::ProblemName(finding.problem)},
              {"region", cocoonfs::RegionName(finding.region)}};
  if (finding.inode != 0) out["inode"] = finding.inode;
  if (finding.num_blocks != 0) {
    out["first_block"] = finding.first_block;
    out["blocks"] = finding.num_blocks;
  }
  return out;
}

Json ReportJson(const cocoonfs::VerifyReport& report) {
  Json findings = Json::array();
  for (const cocoonfs::Finding& finding : report.listed()) findings.push_back(FindingJson(finding));
  return {{"verdict", report.num_findings == 0 ? "clean" : "damaged"},
          {"findings", report.num_findings},
          {"listed", findings},
          {"files", report.num_files},
          {"auth_tree_nodes", report.num_tree_nodes},
          {"data_blocks", report.num_data_blocks},
          {"index_leaves", report.num_index_leaves},
          {"index_internal_nodes", report.num_index_internals},
          {"allocated_blocks", report.num_allocated_blocks},
          {"auxiliary_extent_torn", report.aux_torn}};
}

// Verifies, and says whether all was well.
bool Run(Session& session, MapMaker& map, cocoonfs::VerifyReport& report) {
  const Status status = cocoonfs::Verify(session.fs(), report, &map);
  if (status.code() != Code::kDataLoss) Check("verify", status);
  return status.ok();
}

Failure Damaged(const cocoonfs::VerifyReport& report) {
  return {kTampered, fmt::format("{} findings", report.num_findings)};
}

}  // namespace

void VerifyImage(const Options& options) {
  const Key key(options.key);
  Session session(options, Use::kLook);
  session.OpenFileSystem(key.view());
  const auto report = std::make_unique<cocoonfs::VerifyReport>();
  bool clean = false;
  {
    MapMaker map(options.progress);
    clean = Run(session, map, *report);
  }
  Print(ReportJson(*report), options);
  if (!clean) throw Damaged(*report);
}

void DumpImage(const Options& options) {
  const Key key(options.key);
  Session session(options, Use::kLook);
  session.OpenFileSystem(key.view());
  const auto report = std::make_unique<cocoonfs::VerifyReport>();
  MapMaker map(options.progress);
  const bool clean = Run(session, map, *report);
  const std::vector<Owner> owners = map.Owners();
  if (!options.picture.empty()) {
    WriteOutput(options.picture, AsBytes(Picture(owners, session.fs().usage(), options.image)));
  }
  Json list = Json::array();
  for (const Owner& owner : owners) {
    if (options.json) {
      list.push_back({{"first", owner.first},
                      {"blocks", owner.count},
                      {"region", cocoonfs::RegionName(owner.region)},
                      {"inode", owner.inode}});
    } else {
      fmt::print("{:>12} {:>8}  {}{}\n", owner.first, owner.count,
                 cocoonfs::RegionName(owner.region),
                 owner.inode == 0 ? "" : fmt::format("  inode {}", owner.inode));
    }
  }
  if (options.json) {
    Json out = MetadataJson(session);
    out["owners"] = list;
    fmt::print("{}\n", out.dump(1));
  }
  if (!clean) throw Damaged(*report);
}

}  // namespace svsm::cocoonfs_tool
