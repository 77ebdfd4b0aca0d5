// Repairs, as steps that hold for a folder and for a GGUF file alike.
#ifndef FULLSTOP_DOCTOR_CHANGE_H_
#define FULLSTOP_DOCTOR_CHANGE_H_

#include <compare>
#include <cstdint>
#include <string>

namespace fullstop {

enum class ChangeKind {
  kDeclareEnd,   // ID becomes a declared end
  kWithdrawEnd,  // ID is no longer declared as one
  kPermit,       // ID may be sampled again
  kMarkControl,  // ID becomes a control token
  kDropSetting,  // SETTING is no longer declared
  kTakeModel,    // the vocabulary and the protocol of what the file was made of
};

struct Change {
  ChangeKind kind = ChangeKind::kDeclareEnd;
  int64_t id = 0;
  // A field of generation_config.json, or a key of a GGUF file.
  std::string setting = {};

  auto operator<=>(const Change&) const = default;
};

// Whether a repair may change what was meant: replies that end elsewhere,
// another sampling.
enum class Safety { kSafe, kUnsafe };

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_CHANGE_H_
