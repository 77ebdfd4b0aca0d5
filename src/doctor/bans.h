// Which ids a model's files keep the sampler from.
#ifndef FULLSTOP_DOCTOR_BANS_H_
#define FULLSTOP_DOCTOR_BANS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "doctor/target.h"

namespace fullstop {

// The fields of generation_config.json that ban sequences of ids.
inline constexpr const char* kSequenceBias = "sequence_bias";
inline constexpr const char* kBadWords = "bad_words_ids";

struct Ban {
  int64_t id = 0;  // as declared
  std::string where;
  // transformers lets it be sampled all the same, since generation asks for it
  // as an end.
  bool is_lifted = false;
};

// Ids that may not be sampled, by suppress_tokens, or by themselves as a
// sequence of one.
std::vector<Ban> Bans(const Target& target);

// SEQUENCES, the value of one of the fields above, without what bans ID by
// itself.
nlohmann::ordered_json WithoutBan(const nlohmann::ordered_json& sequences,
                                  int64_t id);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_BANS_H_
