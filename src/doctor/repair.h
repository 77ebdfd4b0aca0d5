// Repairs carried out: always into new files.
#ifndef FULLSTOP_DOCTOR_REPAIR_H_
#define FULLSTOP_DOCTOR_REPAIR_H_

#include <span>
#include <string>
#include <vector>

#include "convert/to_gguf.h"
#include "doctor/examine.h"
#include "doctor/target.h"

namespace fullstop {

struct RepairStep {
  Change change;
  std::vector<std::string> rules;  // that ask for it
};

// The changes that the findings of REPORT ask for, each once; those that may
// change what was meant only where UNSAFE.
std::vector<RepairStep> PlanRepair(const Report& report, bool unsafe);

// "declare <|im_end|> (7) as an end".
std::string Describe(const Target& target, const Change& change);

struct PatchedFile {
  std::string name;    // within the folder
  std::string before;  // empty: there was none
  std::string after;
};

// The files of TARGET, a folder, that STEPS change, all other bytes of them as
// they were.
std::vector<PatchedFile> PatchFolder(const Target& target,
                                     std::span<const RepairStep> steps);

// Writes FILES into the folder OUTPUT, which is made where it is not there.
// Throws Error: kUsage where it has such a file already, kIo.
void WritePatchedFiles(const std::string& output,
                       std::span<const PatchedFile> files);

// TARGET, a folder, as it would be with FILES. Throws what Target::Open throws.
Report ExaminePatched(const Target& target, std::span<const PatchedFile> files,
                      const RuleChoice& choice);

// Writes TARGET, a GGUF file, to PATH as STEPS ask; tensors stay byte for byte
// what they were, and all keys that STEPS are not about. The ends go into eot
// and eom, as far as two keys go, and all of them into fullstop.stop_token_ids.
// Throws Error as GgufWithProtocol does; kUsage where PATH is the target.
ConvertResult RepairGguf(const Target& target,
                         std::span<const RepairStep> steps,
                         const std::string& path,
                         const ConvertProgress& progress);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_REPAIR_H_
