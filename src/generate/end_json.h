// Ends as JSON, the same in every answer, trace and log.
#ifndef FULLSTOP_GENERATE_END_JSON_H_
#define FULLSTOP_GENERATE_END_JSON_H_

#include <nlohmann/json.hpp>
#include <vector>

#include "generate/end.h"
#include "generate/json_fields.h"
#include "generate/stop_machine.h"

namespace fullstop {

// {"cause":"turn_end","id":2,"text":"<|im_end|>",
//  "from":["gguf: tokenizer.ggml.eos_token_id"]}
// with "period" and "count" for a loop. A key whose value is absent or empty is
// left out; text that is no UTF-8 stands in hex under "text_hex".
nlohmann::ordered_json EndToJson(const End& end);
// The inverse. Throws Error (kFormat) naming the key that is missing, unknown
// in value or of a wrong type.
End EndFromJson(const nlohmann::ordered_json& json);

// {"completion_tokens":12,"reasoning_tokens":0,"stepped_back_tokens":0}
nlohmann::ordered_json UsageToJson(const ReplyUsage& usage);
// As EndFromJson; what is absent is 0.
ReplyUsage UsageFromJson(const nlohmann::ordered_json& json);

// ["gguf: tokenizer.ggml.eos_token_id"]
nlohmann::ordered_json SourcesToJson(const std::vector<Source>& sources);
// The inverse for the key "from".
std::vector<Source> SourcesFromJson(const JsonFields& fields);

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_END_JSON_H_
