// Which file a MODEL argument names.
#ifndef FULLSTOP_ENGINE_MODEL_STORE_H_
#define FULLSTOP_ENGINE_MODEL_STORE_H_

#include <string>
#include <string_view>
#include <vector>

namespace fullstop {

// The model of a command that names none.
inline constexpr std::string_view kDefaultModel =
    "SmolLM2-135M-Instruct-Q4_1.gguf";

// $XDG_CACHE_HOME/fullstop/models, else ~/.cache/fullstop/models. Throws Error
// (kUsage) where neither variable is set.
std::string ModelsFolder();

// The path of MODEL: a file or folder that exists, else the name of a model in
// the models folder, a folder or a file with or without ".gguf"; the empty
// string is the default model. Throws Error (kNotFound) saying what there is.
std::string ResolveModel(std::string_view model);

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_MODEL_STORE_H_
