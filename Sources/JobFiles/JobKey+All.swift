import Architectures

extension JobKey {
    /// Every key there is, in the order in which they are documented.
    static let all: [JobKey] = model + data + batch + optimisation + run + outputs + distribution

    private static let model: [JobKey] = [
        baseModel,
        choice("adapter", \.adapter, binds: true, "what is trained: LoRA on a quantised base, on a plain one, or all"),
        optionalPath("lora_model_dir", \.loraModelDirectory, "a PEFT adapter to start from"),
        optionalChoice("init", \.initialization, absent: .null, binds: true, "random: train from scratch"),
        choice("quantization.format", \.quantization.format, binds: true, "how the base's linear layers are stored"),
        blockSize,
        bool(
            "quantization.double_quant", \.quantization.doubleQuantized, binds: true, "store the scales in 8 bits too"),
        choice("quantization.method", \.quantization.method, binds: true, "how the codes are chosen"),
        integer("lora_r", \.loraRank, 1...65536, binds: true, "rank of the adapter"),
        number("lora_alpha", \.loraAlpha, "a number above 0", binds: true, "the adapter is scaled by alpha / r") {
            $0 > 0
        },
        number(
            "lora_dropout", \.loraDropout, "a number from 0 to below 1", binds: true, nullIs: 0,
            "share of the adapter's inputs dropped in training"
        ) { $0 >= 0 && $0 < 1 },
        loraTargets,
    ]

    private static let data: [JobKey] = [
        datasets,
        optionalChoice(
            "chat_template", \.chatTemplate, absent: .null, binds: true,
            "how conversations are written: needed for types chat_template, alpaca and sharegpt"),
        bool("shuffle", \.shuffle, binds: true, "a new order of the examples in every epoch"),
        number(
            "val_set_size", \.heldOut, "0, a share below 1, or a whole number of examples", binds: true, nullIs: 0,
            "examples held out for evaluation: a share, or from 1 on their number"
        ) { $0 >= 0 && ($0 < 1 || $0 == $0.rounded() && $0 <= 1e12) },
        integer("sequence_len", \.sequenceLength, 2...(1 << 24), binds: true, "longest sequence, in tokens"),
        choice(
            "excess_length_strategy", \.excessLength, binds: true,
            "what becomes of rows longer than sequence_len: they are cut, or left out"),
        bool("sample_packing", \.samplePacking, binds: true, "fill sequences with several examples"),
        bool("train_on_inputs", \.trainsOnInputs, binds: true, "learn prompts and all turns of conversations too"),
    ]

    private static let batch: [JobKey] = [
        integer(
            "global_batch_size", \.globalBatchSize, 1...(1 << 24), binds: true,
            "sequences of an optimiser step, over all ranks"),
        integer("micro_batch_size", \.microBatchSize, 1...65536, binds: true, "sequences of one forward and backward"),
        number(
            "num_epochs", \.epochCount, "a number above 0, up to a million", binds: true,
            "passes over the data; may be a fraction"
        ) {
            $0 > 0 && $0 <= 1e6
        },
        optionalInteger(
            "max_steps", \.maximumSteps, 1...unbounded, absent: .null, binds: true,
            "optimiser steps; wins over num_epochs"),
    ]

    private static let optimisation: [JobKey] = [
        number("learning_rate", \.learningRate, "a number from 0", binds: true, "the highest learning rate") {
            $0 >= 0
        },
        choice("lr_scheduler", \.scheduler, binds: true, "how the rate goes down after the warm-up"),
        number(
            "warmup_ratio", \.warmupRatio, "a number from 0 to 1", binds: true, nullIs: 0,
            "share of the steps in which the rate goes up"
        ) { $0 >= 0 && $0 <= 1 },
        optionalInteger(
            "warmup_steps", \.warmupSteps, 0...unbounded, absent: .null, binds: true,
            "steps in which the rate goes up; wins over warmup_ratio"),
        choice("optimizer", \.optimizer, binds: true, "the optimiser"),
        number("adam_beta1", \.adamBeta1, "a number from 0 to below 1", binds: true, "decay of the first moment") {
            $0 >= 0 && $0 < 1
        },
        number("adam_beta2", \.adamBeta2, "a number from 0 to below 1", binds: true, "decay of the second moment") {
            $0 >= 0 && $0 < 1
        },
        number("adam_epsilon", \.adamEpsilon, "a number above 0", binds: true, "added to the root of the second moment")
        { $0 > 0 },
        number("weight_decay", \.weightDecay, "a number from 0", binds: true, nullIs: 0, "decoupled weight decay") {
            $0 >= 0
        },
        number(
            "max_grad_norm", \.maximumGradientNorm, "a number from 0", binds: true, nullIs: 0,
            "the gradient is clipped to this norm; 0: never"
        ) { $0 >= 0 },
        integer(
            "sync_every", \.synchronizationInterval, 1...unbounded, binds: true, nullIs: 1,
            "steps that each rank takes on its own before all are averaged (DiLoCo), for slow networks; 1: none"),
        number(
            "outer_learning_rate", \.outerLearningRate, "a number above 0", binds: true,
            "with sync_every: how far to go towards the average"
        ) { $0 > 0 },
        number(
            "outer_momentum", \.outerMomentum, "a number from 0 to below 1", binds: true, nullIs: 0,
            "with sync_every: Nesterov momentum of the averages"
        ) { $0 >= 0 && $0 < 1 },
    ]

    private static let run: [JobKey] = [
        gradientCheckpointing,
        optionalChoice(
            "compute", \.compute, absent: .auto, binds: true,
            "arithmetic of the matmuls; auto: int8 where this CPU is clearly faster in it, fp32 with adapter: none"),
        optionalInteger("threads", \.threads, 1...4096, absent: .auto, "threads of one rank"),
        seed,
    ]

    private static let outputs: [JobKey] = [
        outputDirectory,
        integer("save_steps", \.saveSteps, 0...unbounded, nullIs: 0, "steps between checkpoints; 0: not by steps"),
        number(
            "save_minutes", \.saveMinutes, "a number from 0", nullIs: 0, "minutes between checkpoints; 0: not by time"
        ) {
            $0 >= 0 && $0 <= 1e9
        },
        saveTotalLimit,
        integer("eval_steps", \.evaluationSteps, 0...unbounded, nullIs: 0, "steps between evaluations; 0: none"),
        resume,
    ]

    private static let distribution: [JobKey] = [
        nodesPerCopy,
        optionalInteger(
            "distributed.ranks_per_node", \.distributed.ranksPerNode, 1...65536, absent: .auto,
            "ranks taken for one node"),
        zeroStage,
        integer(
            "distributed.prefetch_depth", \.distributed.prefetchDepth, 0...16,
            "units gathered ahead of the one in use, where nodes_per_copy is above 1"),
        optionalPath(
            "distributed.stage_base", \.distributed.stageBase,
            "directory on every node to which the base is copied, once; it stays for later runs"),
        signals,
        triggerFile,
        optionalChoice("scheduler.kind", \.schedulerRequest.kind, absent: .null, "the batch system"),
        optionalInteger("scheduler.nodes", \.schedulerRequest.nodes, 1...65536, absent: .null, "nodes to ask for"),
        optionalInteger(
            "scheduler.ranks_per_node", \.schedulerRequest.ranksPerNode, 1...65536, absent: .null,
            "ranks to start on each node"),
        schedulerMemory,
        walltime,
        bool("scheduler.requeue", \.schedulerRequest.requeue, "put the job back in the queue when it is checkpointed"),
    ]
}
