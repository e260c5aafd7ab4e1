plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
}

group = "jpegpre"
version = "0.1.0"

// Which files of the models go into the app, for example -Pjpegpre.profiles=balanced -Pjpegpre.precisions=int8,fp16
val profiles = providers.gradleProperty("jpegpre.profiles").orElse("fidelity,balanced,perceptual").map { it.split(",") }
val precisions = providers.gradleProperty("jpegpre.precisions").orElse("int8").map { it.split(",") }

android {
    namespace = "jpegpre.android"
    compileSdk = 35

    defaultConfig {
        minSdk = 24
        consumerProguardFiles("consumer-rules.pro")
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    // Stored as they are, so that they can be memory-mapped. In apps too: see sample/build.gradle.kts.
    androidResources {
        noCompress += "tflite"
    }

    testOptions {
        unitTests.all { test ->
            test.maxHeapSize = "1g"
            test.systemProperty("robolectric.graphicsMode", "NATIVE")
            test.systemProperty("jpegpre.assets", layout.buildDirectory.dir("models").get().asFile.path)
            test.jvmArgs("--add-opens=java.base/java.io=ALL-UNNAMED", "--add-opens=java.base/java.nio=ALL-UNNAMED")
            // These need the packages, and the double of LiteRT 2, that pom.xml makes.
            test.filter.excludeTestsMatching("jpegpre.android.AssetsTest")
            test.filter.excludeTestsMatching("*that LiteRT 2 has too*")
        }
    }
}

kotlin {
    explicitApi()
}

// The models are not copied into the repository: the build takes them from where the Python package has them.
val copyModels by tasks.registering(CopyModels::class) {
    models = rootProject.layout.projectDirectory.dir("../../savedmodels")
    patterns = profiles.zip(precisions) { names, kinds ->
        names.flatMap { name -> listOf("$name/model.json", "$name/tables.json") + kinds.map { "$name/tflite/$it.tflite" } }
    }
}

androidComponents {
    onVariants { variant ->
        variant.sources.assets?.addGeneratedSourceDirectory(copyModels, CopyModels::assets)
    }
}

// Tests look at all precisions.
val copyTestModels by tasks.registering(Copy::class) {
    from(rootProject.layout.projectDirectory.dir("../../savedmodels")) { include("*/model.json", "*/tables.json", "*/tflite/*.tflite") }
    into(layout.buildDirectory.dir("models/jpegpre"))
}

tasks.withType<Test>().configureEach {
    dependsOn(copyTestModels)
}

dependencies {
    api(libs.coroutines.core)
    // An app has one of them, and this library finds out which (TileNetworkFactory.AUTOMATIC).
    compileOnly(libs.litert)
    compileOnly(libs.tflite)

    testImplementation(libs.litert)
    testImplementation(libs.tflite)
    testImplementation(libs.junit)
    testImplementation(libs.robolectric)
    testImplementation(libs.jna)
    testImplementation(libs.tflite.linux)
    testImplementation(variantOf(libs.tflite.linux) { classifier("linux-x86_64") })
    testImplementation(variantOf(libs.javacpp) { classifier("linux-x86_64") })
}

/** Copies model files to jpegpre/ in the assets. */
abstract class CopyModels : DefaultTask() {
    @get:InputDirectory
    @get:PathSensitive(PathSensitivity.RELATIVE)
    abstract val models: DirectoryProperty

    @get:Input
    abstract val patterns: ListProperty<String>

    @get:OutputDirectory
    abstract val assets: DirectoryProperty

    @get:Inject
    abstract val files: FileSystemOperations

    @TaskAction
    fun copy() {
        files.sync {
            from(models) { include(patterns.get()) }
            into(assets.dir("jpegpre"))
        }
    }
}
