"""The models of tiny_models.py: config.json as their makers publish it, with
small numbers.

`models` says who has the shape, once of those that are one architecture, `type`
is that of the tensors (F32), `norm_mean` the mean of the norms' weights (1),
`spread` gives scale and mean of tensors whose names hold a text, `extra`
tensors of the published folder that nobody uses, `oracle` fields for a type of
transformers' own, `numpy` the module that computes what transformers lacks.
"""

import internlm2_float64

SHAPE = {
    "vocab_size": 48, "hidden_size": 32, "intermediate_size": 48,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 128, "torch_dtype": "float32",
    "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": 2,
}


def model(model_type, class_name, **fields):
    return SHAPE | {"model_type": model_type, "architectures": [class_name],
                    "hidden_act": "silu", "rms_norm_eps": 1e-5} | fields


LATENT = {"kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8,
          "v_head_dim": 8}
LINEAR = {"linear_num_key_heads": 2, "linear_num_value_heads": 4,
          "linear_key_head_dim": 8, "linear_value_head_dim": 16,
          "linear_conv_kernel_dim": 4}
DELTA = {"A_log": (1.0, -0.5), "dt_bias": (1.0, 0.0),
         "linear_attn.norm": (0.5, 1.0), "in_proj_a": (0.5, 0.0)}
# With this bias no expert's score is above 0: one of a group that is left out
# must not be chosen for having 0.
BELOW_ZERO = {"e_score_correction_bias": (0.4, -1.5)}
MIXTURE = {"moe_intermediate_size": 16, "n_routed_experts": 8,
           "n_shared_experts": 2, "num_experts_per_tok": 3,
           "routed_scaling_factor": 2.5, "first_k_dense_replace": 1}



# Without an epsilon of that size factors before norms would not show.
def gemma4(**fields):
    return {
        "model_type": "gemma4_text", "architectures": ["Gemma4ForCausalLM"],
        "vocab_size": 48, "hidden_size": 32, "intermediate_size": 24,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
        "global_head_dim": 16, "num_global_key_value_heads": None,
        "attention_bias": False, "attention_k_eq_v": False,
        "num_kv_shared_layers": 0, "use_double_wide_mlp": False,
        "max_position_embeddings": 128, "sliding_window": 8,
        "rms_norm_eps": 0.05, "hidden_activation": "gelu_pytorch_tanh",
        "final_logit_softcapping": 30.0, "enable_moe_block": False,
        "num_experts": None, "top_k_experts": None,
        "moe_intermediate_size": None, "tie_word_embeddings": True,
        "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0,
        "use_bidirectional_attention": None, "torch_dtype": "float32",
        "rope_parameters": {
            "full_attention": {"rope_type": "proportional",
                               "rope_theta": 100.0,
                               "partial_rotary_factor": 0.5},
            "sliding_attention": {"rope_type": "default",
                                  "rope_theta": 1e4}}} | fields


GEMMA4 = {"post_per_layer_input_norm": (1.5, 2.5), "layer_scalar": (0.3, 1.0),
          "router.scale": (0.5, 1.0),
          "per_expert_scale": (0.5, 1.0)}
# Layers that read the cache of another have keys and values of their own in
# published files, which nobody uses.
GEMMA4_UNUSED = [
    [f"model.layers.{layer}.self_attn.{name}", shape]
    for layer, length in ((4, 8), (5, 8), (6, 16))
    for name, shape in (("k_proj.weight", [2 * length, 32]),
                        ("v_proj.weight", [2 * length, 32]),
                        ("k_norm.weight", [length]))]

SPECS = {
    "llama": {
        "models": "Llama 1 to 3.3, Mistral 7B, Nemo, Small, Mixtral, SmolLM, "
                  "TinyLlama, Yi",
        "config": model(
        "llama", "LlamaForCausalLM", rope_theta=100.0,
        rope_scaling={"rope_type": "llama3", "factor": 8.0,
                      "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                      "original_max_position_embeddings": 16})},
    "llama_yarn": {"config": model(
        "llama", "LlamaForCausalLM", rope_theta=100.0, attention_bias=True,
        mlp_bias=True, head_dim=16,
        rope_scaling={"type": "yarn", "factor": 4.0,
                      "original_max_position_embeddings": 16})},
    "llama_linear": {"type": "BF16", "config": model(
        "llama", "LlamaForCausalLM", tie_word_embeddings=True,
        num_key_value_heads=4, torch_dtype="bfloat16",
        rope_scaling={"type": "linear", "factor": 4.0})},
    "qwen2": {
        "models": "Qwen1.5, Qwen2, Qwen2.5, QwQ 32B",
        "config": model("qwen2", "Qwen2ForCausalLM", rope_theta=1e6,
                              use_sliding_window=False, sliding_window=8,
                              max_window_layers=1)},
    "qwen3": {
        "models": "Qwen3 0.6B to 32B",
        "config": model("qwen3", "Qwen3ForCausalLM", rope_theta=1e6,
                              head_dim=16, attention_bias=False,
                              rope_scaling=None)},
    "olmo2": {
        "models": "OLMo 2 1B to 32B",
        "config": model("olmo2", "Olmo2ForCausalLM", rope_theta=1e4)},
    "olmo3": {
        "models": "OLMo 3 7B, 32B",
        "config": model(
        "olmo3", "Olmo3ForCausalLM", rope_theta=5e5, num_hidden_layers=4,
        sliding_window=8,
        layer_types=["sliding_attention", "sliding_attention",
                     "sliding_attention", "full_attention"],
        rope_scaling={"rope_type": "yarn", "factor": 8.0, "beta_fast": 32.0,
                      "beta_slow": 1.0, "attention_factor": 1.2079441541679836,
                      "original_max_position_embeddings": 16})},
    "smollm3": {
        "models": "SmolLM3 3B",
        "config": model(
        "smollm3", "SmolLM3ForCausalLM", rope_theta=5e3, num_hidden_layers=4,
        no_rope_layers=[1, 1, 1, 0], no_rope_layer_interval=4,
        pad_token_id=3)},
    "granite": {
        "models": "Granite 3.x 2B, 8B",
        "config": model(
        "granite", "GraniteForCausalLM", attention_multiplier=0.2,
        embedding_multiplier=3.0, residual_multiplier=0.7,
        logits_scaling=8.0, rope_theta=1e4)},
    "seed_oss": {
        "models": "Seed-OSS 36B",
        "config": model(
        "seed_oss", "SeedOssForCausalLM", head_dim=16, attention_bias=True,
        attention_out_bias=True, mlp_bias=True, rope_theta=1e4)},
    "ernie4_5": {
        "models": "ERNIE 4.5 0.3B",
        "config": model(
        "ernie4_5", "Ernie4_5ForCausalLM", head_dim=16, use_bias=True,
        rope_theta=5e5)},
    "hunyuan_dense": {
        "models": "Hunyuan 0.5B, 1.8B, 4B, 7B",
        "config": model(
        "hunyuan_v1_dense", "HunYuanDenseV1ForCausalLM", head_dim=16,
        rope_theta=1e4, use_qk_norm=True, pad_token_id=3,
        rope_scaling={"type": "dynamic", "alpha": 50.0, "factor": 1.0,
                      "beta_fast": 32, "beta_slow": 1, "mscale": 1.0,
                      "mscale_all_dim": 1.0})},
    "glm4": {
        "models": "GLM-4 9B and 32B of 0414, GLM-Z1",
        "config": model(
        "glm4", "Glm4ForCausalLM", head_dim=16, attention_bias=True,
        partial_rotary_factor=0.5, rope_theta=1e4, pad_token_id=3)},
    "phi3": {
        "models": "Phi-3 and 3.5 mini, Phi-3 medium, Phi-4, Phi-4 mini",
        "config": model(
        "phi3", "Phi3ForCausalLM", rope_theta=1e4, sliding_window=None,
        original_max_position_embeddings=64, partial_rotary_factor=0.75,
        hidden_size=64, pad_token_id=3,
        rope_scaling={"type": "longrope",
                      "short_factor": [1.0, 1.25, 1.5, 2.0, 2.5, 3.0],
                      "long_factor": [1.0, 2.0, 3.0, 5.0, 9.0, 16.0]})},
    "phi3_long": {"config": model(
        "phi3", "Phi3ForCausalLM", rope_theta=1e4, sliding_window=None,
        original_max_position_embeddings=16, pad_token_id=3,
        rope_scaling={"type": "longrope", "short_factor": [1.0, 1.1, 1.2, 1.4],
                      "long_factor": [1.0, 2.0, 3.0, 5.0]})},
    "gemma": {
        "models": "Gemma 2B, 7B; CodeGemma",
        "norm_mean": 0.0, "config": model(
        "gemma", "GemmaForCausalLM", head_dim=16, rope_theta=1e4,
        tie_word_embeddings=True, hidden_act="gelu",
        hidden_activation="gelu_pytorch_tanh")},
    "apertus": {
        "models": "Apertus 8B, 70B",
        "spread": {"act_fn.eps": (0.1, -0.2)}, "config": model(
        "apertus", "ApertusForCausalLM", rope_theta=100.0, hidden_act="xielu",
        rope_scaling={"rope_type": "llama3", "factor": 8.0,
                      "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                      "original_max_position_embeddings": 16})},
    "ministral3": {
        "models": "Ministral 3 3B, 8B, 14B",
        "config": model(
        "ministral3", "Ministral3ForCausalLM", head_dim=16, sliding_window=None,
        rope_parameters={"rope_type": "yarn", "type": "yarn",
                         "rope_theta": 1e4, "factor": 16.0,
                         "original_max_position_embeddings": 8,
                         "beta_fast": 32.0, "beta_slow": 1.0, "mscale": 1.0,
                         "mscale_all_dim": 1.0, "llama_4_scaling_beta": 0.5})},
    "mistral": {"config": model("mistral", "MistralForCausalLM",
                                sliding_window=8, rope_theta=1e4)},
    "qwen2_window": {"config": model(
        "qwen2", "Qwen2ForCausalLM", rope_theta=1e6, use_sliding_window=True,
        sliding_window=8, max_window_layers=1)},
    "phi3_window": {"config": model(
        "phi3", "Phi3ForCausalLM", rope_theta=1e4, sliding_window=8,
        original_max_position_embeddings=128, rope_scaling=None,
        pad_token_id=3)},
    "cohere": {
        "models": "Command R 35B, Aya 23, Aya Expanse",
        "config": model(
        "cohere", "CohereForCausalLM", num_key_value_heads=4,
        layer_norm_eps=1e-5, logit_scale=0.25, rope_theta=1e4,
        tie_word_embeddings=True, use_qk_norm=False)},
    "cohere_norms": {
        "models": "Command R+",
        "config": model(
        "cohere", "CohereForCausalLM", layer_norm_eps=1e-5, logit_scale=0.25,
        rope_theta=1e4, tie_word_embeddings=True, use_qk_norm=True)},
    "cohere2": {
        "models": "Command R7B, Command A",
        "config": model(
        "cohere2", "Cohere2ForCausalLM", num_hidden_layers=4,
        layer_norm_eps=1e-5, logit_scale=0.25, rope_theta=1e4,
        sliding_window=8, sliding_window_pattern=4, tie_word_embeddings=True,
        use_qk_norm=False)},
    "nemotron": {
        "models": "Nemotron Mini 4B, Minitron 4B and 8B, Nemotron 4 340B",
        "norm_mean": 0.0, "config": model(
        "nemotron", "NemotronForCausalLM", norm_eps=1e-5, rope_theta=1e4,
        hidden_act="relu2", partial_rotary_factor=0.5)},
    "stablelm": {
        "models": "StableLM 3B 4E1T, StableLM Zephyr 3B, StableLM 2 1.6B",
        "config": model(
        "stablelm", "StableLmForCausalLM", layer_norm_eps=1e-5,
        rope_theta=1e4, partial_rotary_factor=0.25, hidden_size=64,
        use_qkv_bias=True, qk_layernorm=False, use_parallel_residual=False)},
    "stablelm_12b": {
        "models": "StableLM 2 12B",
        "config": model(
        "stablelm", "StableLmForCausalLM", layer_norm_eps=1e-5,
        rope_theta=1e4, partial_rotary_factor=0.25, hidden_size=64,
        use_qkv_bias=False, qk_layernorm=True, use_parallel_residual=True)},
    "exaone4": {
        "models": "EXAONE 4.0 1.2B, 32B",
        "config": model(
        "exaone4", "Exaone4ForCausalLM", num_hidden_layers=4, head_dim=16,
        rope_theta=1e4, sliding_window=8, sliding_window_pattern="LLLG",
        layer_types=["sliding_attention"] * 3 + ["full_attention"],
        rope_scaling={"rope_type": "llama3", "factor": 8.0,
                      "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                      "original_max_position_embeddings": 16})},
    "exaone4_small": {"config": model(
        "exaone4", "Exaone4ForCausalLM", rope_theta=1e4, sliding_window=None,
        sliding_window_pattern=None,
        layer_types=["full_attention", "full_attention"])},
    "gemma2": {
        "models": "Gemma 2 2B, 9B, 27B",
        "norm_mean": 0.0, "config": model(
        "gemma2", "Gemma2ForCausalLM", head_dim=16, rope_theta=1e4,
        tie_word_embeddings=True, hidden_act="gelu_pytorch_tanh",
        hidden_activation="gelu_pytorch_tanh", sliding_window=8,
        query_pre_attn_scalar=24, attn_logit_softcapping=3.0,
        final_logit_softcapping=10.0)},
    "gemma3_text": {"norm_mean": 0.0, "config": model(
        "gemma3_text", "Gemma3ForCausalLM", head_dim=16, num_hidden_layers=7,
        rope_theta=1e6, rope_local_base_freq=1e3, tie_word_embeddings=True,
        hidden_activation="gelu_pytorch_tanh", sliding_window=8,
        sliding_window_pattern=6, query_pre_attn_scalar=24,
        rope_scaling={"factor": 8.0, "rope_type": "linear"})},
    "gemma3": {
        "models": "Gemma 3 270M to 27B; MedGemma",
        "norm_mean": 0.0, "config": {
        "model_type": "gemma3", "torch_dtype": "float32",
        "architectures": ["Gemma3ForConditionalGeneration"],
        "image_token_index": 47, "boi_token_index": 46, "eoi_token_index": 45,
        "mm_tokens_per_image": 4, "eos_token_id": [1, 3],
        "text_config": {
            "model_type": "gemma3_text", "vocab_size": 48, "hidden_size": 32,
            "intermediate_size": 48, "num_hidden_layers": 6,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
            "max_position_embeddings": 128, "sliding_window": 8,
            "query_pre_attn_scalar": 24,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"}},
        "vision_config": {
            "model_type": "siglip_vision_model", "hidden_size": 8,
            "intermediate_size": 8, "num_hidden_layers": 1,
            "num_attention_heads": 1, "image_size": 8, "patch_size": 4,
            "vision_use_head": False}}},
    "gemma4_text": {"extra": GEMMA4_UNUSED, "spread": GEMMA4, "config": gemma4(
        num_hidden_layers=7, num_kv_shared_layers=3, use_double_wide_mlp=True,
        hidden_size_per_layer_input=8, vocab_size_per_layer_input=48,
        layer_types=["sliding_attention", "full_attention"] * 2 +
        ["sliding_attention"] * 2 + ["full_attention"])},
    "gemma4_moe": {"spread": GEMMA4, "config": gemma4(
        num_hidden_layers=3, attention_k_eq_v=True,
        num_global_key_value_heads=1, hidden_size_per_layer_input=0,
        enable_moe_block=True, num_experts=6, top_k_experts=3,
        moe_intermediate_size=16,
        layer_types=["sliding_attention"] * 2 + ["full_attention"])},
    "gemma4": {
        "models": "Gemma 4 E2B, E4B, 12B, 26B-A4B, 31B",
        "spread": GEMMA4, "config": {
        "model_type": "gemma4", "torch_dtype": "float32",
        "architectures": ["Gemma4ForConditionalGeneration"],
        "audio_config": None, "vision_config": None,
        "image_token_id": 54, "boi_token_id": 55, "eoi_token_id": 56,
        "audio_token_id": 57, "boa_token_id": 58, "eoa_token_index": 59,
        "video_token_id": 60, "eos_token_id": [1, 3],
        "tie_word_embeddings": True,
        "text_config": gemma4(
            num_hidden_layers=6, attention_k_eq_v=True,
            num_global_key_value_heads=1, num_kv_shared_layers=0,
            hidden_size_per_layer_input=8, vocab_size_per_layer_input=48,
            layer_types=["sliding_attention"] * 5 + ["full_attention"])}},
    "internlm2": {
        "models": "InternLM2 and 2.5 1.8B, 7B, 20B",
        "numpy": internlm2_float64, "config": model(
        "internlm2", "InternLM2ForCausalLM", bias=True, rope_theta=1e6,
        rope_scaling={"type": "dynamic", "factor": 2.0}, pad_token_id=2,
        num_attention_heads=4, num_key_value_heads=2)},
    "mixtral": {"config": model(
        "mixtral", "MixtralForCausalLM", sliding_window=None, rope_theta=1e6,
        num_local_experts=5, num_experts_per_tok=2, intermediate_size=24)},
    "qwen2_moe": {
        "models": "Qwen1.5-MoE A2.7B, Qwen2 57B-A14B",
        "config": model(
        "qwen2_moe", "Qwen2MoeForCausalLM", rope_theta=1e6, num_experts=6,
        num_experts_per_tok=3, moe_intermediate_size=16,
        shared_expert_intermediate_size=40, norm_topk_prob=False,
        decoder_sparse_step=1, mlp_only_layers=[0], use_sliding_window=False,
        sliding_window=8, max_window_layers=1, qkv_bias=True)},
    "qwen3_moe": {
        "models": "Qwen3 30B-A3B, 235B-A22B, Qwen3-Coder",
        "config": model(
        "qwen3_moe", "Qwen3MoeForCausalLM", rope_theta=1e6, head_dim=16,
        num_experts=6, num_experts_per_tok=3, moe_intermediate_size=16,
        norm_topk_prob=True, decoder_sparse_step=1, mlp_only_layers=[])},
    "olmoe": {
        "models": "OLMoE 1B-7B",
        "config": model(
        "olmoe", "OlmoeForCausalLM", rope_theta=1e4, num_key_value_heads=4,
        num_experts=6,
        num_experts_per_tok=3, intermediate_size=16, norm_topk_prob=False,
        clip_qkv=None)},
    "granitemoe": {
        "models": "Granite 3.x 1B-A400M, 3B-A800M",
        "config": model(
        "granitemoe", "GraniteMoeForCausalLM", rope_theta=1e4,
        num_local_experts=6, num_experts_per_tok=3, intermediate_size=16,
        attention_multiplier=0.2, embedding_multiplier=3.0,
        residual_multiplier=0.7, logits_scaling=4.0)},
    "granitemoe_shared": {"config": model(
        "granitemoeshared", "GraniteMoeSharedForCausalLM", rope_theta=1e4,
        num_local_experts=6, num_experts_per_tok=3, intermediate_size=16,
        shared_intermediate_size=24, attention_multiplier=0.2,
        embedding_multiplier=3.0, residual_multiplier=0.7,
        logits_scaling=4.0)},
    "ernie4_5_moe": {
        "models": "ERNIE 4.5 21B-A3B, 300B-A47B",
        "config": model(
        "ernie4_5_moe", "Ernie4_5_MoeForCausalLM", rope_theta=5e5,
        use_bias=True, moe_intermediate_size=16, moe_k=3, moe_num_experts=6,
        moe_num_shared_experts=2, moe_layer_start_index=1,
        moe_layer_end_index=1, moe_layer_interval=1)},
    "hunyuan_moe": {
        "models": "Hunyuan A13B",
        "config": model(
        "hunyuan_v1_moe", "HunYuanMoEV1ForCausalLM", rope_theta=1e4,
        head_dim=16, num_experts=6, moe_topk=[3, 3], num_shared_expert=[1, 1],
        moe_intermediate_size=[24, 24], intermediate_size=24, pad_token_id=3,
        rope_scaling={"type": "dynamic", "alpha": 50.0, "factor": 1.0,
                      "beta_fast": 32, "beta_slow": 1, "mscale": 1.0,
                      "mscale_all_dim": 1.0})},
    "glm4_moe": {
        "models": "GLM-4.5, 4.5-Air, 4.6, 4.7",
        "spread": BELOW_ZERO, "config": model(
        "glm4_moe", "Glm4MoeForCausalLM", head_dim=16, rope_theta=1e6,
        partial_rotary_factor=0.5, use_qk_norm=True, attention_bias=True,
        moe_intermediate_size=16, n_routed_experts=8, n_shared_experts=1,
        num_experts_per_tok=3, n_group=4, topk_group=2, norm_topk_prob=True,
        routed_scaling_factor=2.5, first_k_dense_replace=1,
        num_nextn_predict_layers=1, pad_token_id=3)},
    "minimax_m2": {
        "models": "MiniMax M2",
        "config": model(
        "minimax_m2", "MiniMaxM2ForCausalLM", head_dim=16, rotary_dim=8,
        rope_theta=5e6, num_local_experts=6, num_experts_per_tok=3,
        intermediate_size=16, scoring_func="sigmoid", use_routing_bias=True,
        use_qk_norm=True, qk_norm_type="per_layer")},
    "gpt_oss": {
        "models": "gpt-oss 20B, 120B",
        "spread": {"gate_up_proj_bias": (6.0, 0.0)}, "config": model(
        "gpt_oss", "GptOssForCausalLM", head_dim=16, rope_theta=150000,
        attention_bias=True, sliding_window=8, num_local_experts=6,
        num_experts_per_tok=3, intermediate_size=24, swiglu_limit=7.0,
        layer_types=["sliding_attention", "full_attention"],
        rope_scaling={"rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0,
                      "beta_slow": 1.0, "truncate": False,
                      "original_max_position_embeddings": 8})},
    "llama4": {
        "models": "Llama 4 Scout, Maverick",
        "config": model(
        "llama4_text", "Llama4ForCausalLM", head_dim=16, num_hidden_layers=4,
        rope_theta=5e5, intermediate_size=16, intermediate_size_mlp=48,
        num_local_experts=4, num_experts_per_tok=2, attention_chunk_size=12,
        interleave_moe_layer_step=2, no_rope_layers=[1, 1, 1, 0],
        use_qk_norm=True, attn_temperature_tuning=True, floor_scale=4,
        attn_scale=0.5,
        rope_scaling={"rope_type": "llama3", "factor": 8.0,
                      "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                      "original_max_position_embeddings": 16})},
    "dots1": {
        "models": "dots.llm1",
        "spread": BELOW_ZERO, "config": model(
        "dots1", "Dots1ForCausalLM", rope_theta=1e7, num_key_value_heads=4,
        attention_bias=False, **MIXTURE, n_group=4, topk_group=2,
        norm_topk_prob=True, sliding_window=None, max_window_layers=2)},
    "deepseek_v2": {
        "models": "DeepSeek V2",
        "config": model(
        "deepseek_v2", "DeepseekV2ForCausalLM", rope_theta=1e4,
        num_key_value_heads=4, q_lora_rank=24, **LATENT, **MIXTURE,
        n_group=4, topk_group=2, topk_method="group_limited_greedy",
        scoring_func="softmax", norm_topk_prob=False, moe_layer_freq=1,
        rope_scaling={"type": "yarn", "factor": 4.0, "beta_fast": 32,
                      "beta_slow": 1, "mscale": 0.707, "mscale_all_dim": 0.707,
                      "original_max_position_embeddings": 16})},
    "deepseek_v2_lite": {
        "models": "DeepSeek V2 Lite",
        "config": model(
        "deepseek_v2", "DeepseekV2ForCausalLM", rope_theta=1e4,
        num_key_value_heads=4, q_lora_rank=None, **LATENT, **MIXTURE,
        n_group=1, topk_group=1, topk_method="greedy", scoring_func="softmax",
        norm_topk_prob=False, moe_layer_freq=1)},
    "deepseek_v3": {
        "models": "DeepSeek V3, R1, V3.1",
        "spread": BELOW_ZERO, "config": model(
        "deepseek_v3", "DeepseekV3ForCausalLM", rope_theta=1e4,
        num_key_value_heads=4, q_lora_rank=24, **LATENT, **MIXTURE,
        n_group=4, topk_group=2, topk_method="noaux_tc",
        scoring_func="sigmoid", norm_topk_prob=True, num_nextn_predict_layers=1,
        rope_scaling={"type": "yarn", "factor": 40.0, "beta_fast": 32,
                      "beta_slow": 1, "mscale": 1.0, "mscale_all_dim": 1.0,
                      "original_max_position_embeddings": 16})},
    "kimi_k2": {
        "models": "Kimi K2",
        "oracle": {"model_type": "deepseek_v3"}, "config": model(
        "kimi_k2", "DeepseekV3ForCausalLM", rope_theta=5e4,
        num_key_value_heads=4, q_lora_rank=24, **LATENT, **MIXTURE,
        n_group=1, topk_group=1, topk_method="noaux_tc",
        scoring_func="sigmoid", norm_topk_prob=True, num_nextn_predict_layers=0,
        rope_scaling={"type": "yarn", "factor": 32.0, "beta_fast": 1.0,
                      "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0,
                      "original_max_position_embeddings": 16})},
    "glm4_moe_lite": {
        "models": "GLM-4.7 Flash",
        "spread": BELOW_ZERO, "config": model(
        "glm4_moe_lite", "Glm4MoeLiteForCausalLM", rope_theta=1e6,
        num_key_value_heads=4, q_lora_rank=24, **LATENT, **MIXTURE,
        n_group=1, topk_group=1, topk_method="noaux_tc",
        norm_topk_prob=True, num_nextn_predict_layers=1,
        rope_scaling=None, rope_interleave=True,
        attention_bias=False, partial_rotary_factor=1.0)},
    "lfm2": {
        "models": "LFM2 350M, 700M, 1.2B, 2.6B",
        "config": model(
        "lfm2", "Lfm2ForCausalLM", norm_eps=1e-5, rope_theta=1e6,
        num_hidden_layers=3, conv_L_cache=3, conv_bias=True,
        block_ff_dim=96, block_dim=32, block_multiple_of=8,
        block_ffn_dim_multiplier=1.0, block_auto_adjust_ff_dim=True,
        layer_types=["conv", "full_attention", "conv"])},
    "lfm2_moe": {
        "models": "LFM2 8B-A1B",
        "config": model(
        "lfm2_moe", "Lfm2MoeForCausalLM", norm_eps=1e-5, rope_theta=1e6,
        num_hidden_layers=3, conv_L_cache=4, conv_bias=False,
        moe_intermediate_size=16, num_dense_layers=1, num_experts=6,
        num_experts_per_tok=3, norm_topk_prob=True, use_expert_bias=True,
        routed_scaling_factor=1.5, tie_word_embeddings=True,
        layer_types=["conv", "full_attention", "conv"])},
    "qwen3_next": {
        "models": "Qwen3-Next 80B-A3B, Qwen3-Coder-Next",
        "norm_mean": 0.0, "spread": DELTA, "extra": [
        ["mtp.fc.weight", [32, 64]], ["mtp.layers.0.mlp.gate.weight", [6, 32]],
    ], "config": model(
        "qwen3_next", "Qwen3NextForCausalLM", head_dim=16, num_hidden_layers=4,
        **LINEAR, rope_theta=1e4, partial_rotary_factor=0.5, rope_scaling=None,
        num_experts=6, num_experts_per_tok=3, moe_intermediate_size=16,
        shared_expert_intermediate_size=24, norm_topk_prob=True,
        decoder_sparse_step=1, mlp_only_layers=[], full_attention_interval=4)},
    "qwen3_5": {
        "models": "Qwen3.5, dense",
        "norm_mean": 0.0, "spread": DELTA, "config": model(
        "qwen3_5_text", "Qwen3_5ForCausalLM", head_dim=16, num_hidden_layers=4,
        **LINEAR, rope_parameters={"rope_type": "default", "rope_theta": 1e4,
                                   "mrope_section": [2, 1, 1],
                                   "mrope_interleaved": True,
                                   "partial_rotary_factor": 0.5},
        layer_types=["linear_attention"] * 2 + ["full_attention"] +
        ["linear_attention"])},
    "qwen3_5_moe": {
        "models": "Qwen3.5, mixtures",
        "norm_mean": 0.0, "spread": DELTA, "config": model(
        "qwen3_5_moe_text", "Qwen3_5MoeForCausalLM", head_dim=16,
        num_hidden_layers=4, **LINEAR, num_experts=6, num_experts_per_tok=3,
        moe_intermediate_size=16, shared_expert_intermediate_size=24,
        full_attention_interval=4,
        rope_parameters={"rope_type": "default", "rope_theta": 1e4,
                         "mrope_section": [2, 1, 1], "mrope_interleaved": True,
                         "partial_rotary_factor": 0.5})},
}
