// config.json of a model that is known by its GGUF keys.
#ifndef FULLSTOP_CONVERT_FOLDER_CONFIG_H_
#define FULLSTOP_CONVERT_FOLDER_CONFIG_H_

#include <nlohmann/json.hpp>
#include <string_view>

#include "model/model_file.h"

namespace fullstop {

// The key that keeps a folder's config.json, for the way back.
inline constexpr std::string_view kConfigKey = "fullstop.config";
// The key, GGUF's own, that keeps its tokenizer.json.
inline constexpr std::string_view kTokenizerJsonKey =
    "tokenizer.huggingface.json";

// What MODEL, a GGUF file, keeps, but for what its weights are now: the text
// model of several modalities, in the type of the tensors, packed where they
// are. Else made of its keys; of an architecture with keys beyond
// those of a plain decoder it lacks fields, which is for the caller to find out
// by reading it. MODEL_TYPE is the architecture's. Throws Error (kFormat) where
// what MODEL keeps is no JSON.
nlohmann::ordered_json FolderConfig(const ModelFile& model,
                                    std::string_view model_type);

// VALUE with the fewest digits that give it again: 1e-05, not 9.99999974e-06.
nlohmann::ordered_json ShortestJson(float value);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_FOLDER_CONFIG_H_
