// What the program does, one function a verb. All throw Failure.
#ifndef SVSM_TOOLS_SVSM_COCOONFS_VERBS_H_
#define SVSM_TOOLS_SVSM_COCOONFS_VERBS_H_

#include "tools/svsm-cocoonfs/options.h"

namespace svsm::cocoonfs_tool {

// create.cc
void MakeFileSystem(const Options& options);
void WriteCreationHeader(const Options& options);

// files.cc
void WriteFile(const Options& options);
void ReadFile(const Options& options);
void ListFiles(const Options& options);
void RemoveFile(const Options& options);

// batch.cc
void RunBatch(const Options& options);

// auxiliary.cc
void ListEntries(const Options& options);
void ReadEntry(const Options& options);
void SetReserve(const Options& options);
void AddEntry(const Options& options);
void RemoveEntry(const Options& options);

// inspect.cc
void ShowInfo(const Options& options);
void ListLong(const Options& options);
void ShowFile(const Options& options);
void ShowCounter(const Options& options);

// check.cc
void VerifyImage(const Options& options);
void DumpImage(const Options& options);

}  // namespace svsm::cocoonfs_tool

#endif  // SVSM_TOOLS_SVSM_COCOONFS_VERBS_H_
