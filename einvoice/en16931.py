"""What must be right in every e-invoice, computed on the finished document.

The net under the builder: whatever made a document, it does not leave if its sums, its
VAT or its codes contradict the rules of EN 16931 (validation artefacts 1.3.16) and of
Peppol BIS Billing 3.0.21 that are computed here, with the rules' own tolerances. Plain
Python with lxml, no Odoo, so that it can be tested without a database.

The code lists are those that these two releases refer to (May 2026). They change twice
a year; a code that is missing here would keep an invoice from leaving.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree

# Code lists -------------------------------------------------------------------


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNITS = _codes(
    """
    10 11 13 14 15 1I 20 21 22 23 24 25 27 28 2A 2B 2C 2G 2H 2I 2J 2K 2L 2M 2N 2P 2Q
    2R 2U 2X 2Y 2Z 33 34 35 37 38 3B 3C 40 41 4C 4G 4H 4K 4L 4M 4N 4O 4P 4Q 4R 4T 4U
    4W 4X 56 57 58 59 5A 5B 5E 5J 60 61 74 77 80 81 85 87 89 91 A10 A11 A12 A13 A14
    A15 A16 A17 A18 A19 A2 A20 A21 A22 A23 A24 A26 A27 A28 A29 A3 A30 A31 A32 A33
    A34 A35 A36 A37 A38 A39 A4 A40 A41 A42 A43 A44 A45 A47 A48 A49 A5 A53 A54 A55
    A56 A59 A6 A68 A69 A7 A70 A71 A73 A74 A75 A76 A8 A84 A85 A86 A87 A88 A89 A9 A90
    A91 A93 A94 A95 A96 A97 A98 A99 AA AB ACR ACT AD AE AH AI AK AL AMH AMP ANN APZ
    AQ AS ASM ASU ATM AWG AY AZ B1 B10 B11 B12 B13 B14 B15 B16 B17 B18 B19 B20 B21
    B22 B23 B24 B25 B26 B27 B28 B29 B3 B30 B31 B32 B33 B34 B35 B4 B41 B42 B43 B44
    B45 B46 B47 B48 B49 B50 B52 B53 B54 B55 B56 B57 B58 B59 B60 B61 B62 B63 B64 B66
    B67 B68 B69 B7 B70 B71 B72 B73 B74 B75 B76 B77 B78 B79 B8 B80 B81 B82 B83 B84
    B85 B86 B87 B88 B89 B90 B91 B92 B93 B94 B95 B96 B97 B98 B99 BAR BB BFT BHP BIL
    BLD BLL BP BPM BQL BTU BUA BUI C0 C10 C11 C12 C13 C14 C15 C16 C17 C18 C19 C20
    C21 C22 C23 C24 C25 C26 C27 C28 C29 C3 C30 C31 C32 C33 C34 C35 C36 C37 C38 C39
    C40 C41 C42 C43 C44 C45 C46 C47 C48 C49 C50 C51 C52 C53 C54 C55 C56 C57 C58 C59
    C60 C61 C62 C63 C64 C65 C66 C67 C68 C69 C7 C70 C71 C72 C73 C74 C75 C76 C78 C79
    C8 C80 C81 C82 C83 C84 C85 C86 C87 C88 C89 C9 C90 C91 C92 C93 C94 C95 C96 C97
    C99 CCT CDL CEL CEN CG CGM CKG CLF CLT CMK CMQ CMT CNP CNT COU CTG CTM CTN CUR
    CWA CWI D03 D04 D1 D10 D11 D12 D13 D15 D16 D17 D18 D19 D2 D20 D21 D22 D23 D24
    D25 D26 D27 D29 D30 D31 D32 D33 D34 D36 D41 D42 D43 D44 D45 D46 D47 D48 D49 D5
    D50 D51 D52 D53 D54 D55 D56 D57 D58 D59 D6 D60 D61 D62 D63 D65 D68 D69 D73 D74
    D77 D78 D80 D81 D82 D83 D85 D86 D87 D88 D89 D91 D93 D94 D95 DAA DAD DAY DB DBM
    DBW DD DEC DG DJ DLT DMA DMK DMO DMQ DMT DN DPC DPR DPT DRA DRI DRL DT DTN DWT
    DZN DZP E01 E07 E08 E09 E10 E12 E14 E15 E16 E17 E18 E19 E20 E21 E22 E23 E25 E27
    E28 E30 E31 E32 E33 E34 E35 E36 E37 E38 E39 E4 E40 E41 E42 E43 E44 E45 E46 E47
    E48 E49 E50 E51 E52 E53 E54 E55 E56 E57 E58 E59 E60 E61 E62 E63 E64 E65 E66 E67
    E68 E69 E70 E71 E72 E73 E74 E75 E76 E77 E78 E79 E80 E81 E82 E83 E84 E85 E86 E87
    E88 E89 E90 E91 E92 E93 E94 E95 E96 E97 E98 E99 EA EB EQ F01 F02 F03 F04 F05 F06
    F07 F08 F10 F11 F12 F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24 F25 F26 F27
    F28 F29 F30 F31 F32 F33 F34 F35 F36 F37 F38 F39 F40 F41 F42 F43 F44 F45 F46 F47
    F48 F49 F50 F51 F52 F53 F54 F55 F56 F57 F58 F59 F60 F61 F62 F63 F64 F65 F66 F67
    F68 F69 F70 F71 F72 F73 F74 F75 F76 F77 F78 F79 F80 F81 F82 F83 F84 F85 F86 F87
    F88 F89 F90 F91 F92 F93 F94 F95 F96 F97 F98 F99 FAH FAR FBM FC FF FH FIT FL FNU
    FOT FP FR FS FTK FTQ G01 G04 G05 G06 G08 G09 G10 G11 G12 G13 G14 G15 G16 G17 G18
    G19 G2 G20 G21 G23 G24 G25 G26 G27 G28 G29 G3 G30 G31 G32 G33 G34 G35 G36 G37
    G38 G39 G40 G41 G42 G43 G44 G45 G46 G47 G48 G49 G50 G51 G52 G53 G54 G55 G56 G57
    G58 G59 G60 G61 G62 G63 G64 G65 G66 G67 G68 G69 G70 G71 G72 G73 G74 G75 G76 G77
    G78 G79 G80 G81 G82 G83 G84 G85 G86 G87 G88 G89 G90 G91 G92 G93 G94 G95 G96 G97
    G98 G99 GB GBQ GDW GE GF GFI GGR GIA GIC GII GIP GJ GL GLD GLI GLL GM GO GP GQ
    GRM GRN GRO GV GWH H03 H04 H05 H06 H07 H08 H09 H10 H11 H12 H13 H14 H15 H16 H18
    H19 H20 H21 H22 H23 H24 H25 H26 H27 H28 H29 H30 H31 H32 H33 H34 H35 H36 H37 H38
    H39 H40 H41 H42 H43 H44 H45 H46 H47 H48 H49 H50 H51 H52 H53 H54 H55 H56 H57 H58
    H59 H60 H61 H62 H63 H64 H65 H66 H67 H68 H69 H70 H71 H72 H73 H74 H75 H76 H77 H79
    H80 H81 H82 H83 H84 H85 H87 H88 H89 H90 H91 H92 H93 H94 H95 H96 H98 H99 HA HAD
    HBA HBX HC HDW HEA HGM HH HIU HKM HLT HM HMO HMQ HMT HPA HTZ HUR HWE IA IE INH
    INK INQ ISD IU IUG IV J10 J12 J13 J14 J15 J16 J17 J18 J19 J2 J20 J21 J22 J23 J24
    J25 J26 J27 J28 J29 J30 J31 J32 J33 J34 J35 J36 J38 J39 J40 J41 J42 J43 J44 J45
    J46 J47 J48 J49 J50 J51 J52 J53 J54 J55 J56 J57 J58 J59 J60 J61 J62 J63 J64 J65
    J66 J67 J68 J69 J70 J71 J72 J73 J74 J75 J76 J78 J79 J81 J82 J83 J84 J85 J87 J90
    J91 J92 J93 J95 J96 J97 J98 J99 JE JK JM JNT JOU JPS JWL K1 K10 K11 K12 K13 K14
    K15 K16 K17 K18 K19 K2 K20 K21 K22 K23 K26 K27 K28 K3 K30 K31 K32 K33 K34 K35
    K36 K37 K38 K39 K40 K41 K42 K43 K45 K46 K47 K48 K49 K50 K51 K52 K53 K54 K55 K58
    K59 K6 K60 K61 K62 K63 K64 K65 K66 K67 K68 K69 K70 K71 K73 K74 K75 K76 K77 K78
    K79 K80 K81 K82 K83 K84 K85 K86 K87 K88 K89 K90 K91 K92 K93 K94 K95 K96 K97 K98
    K99 KA KAT KB KBA KCC KDW KEL KGM KGS KHY KHZ KI KIC KIP KJ KJO KL KLK KLX KMA
    KMH KMK KMQ KMT KNI KNM KNS KNT KO KPA KPH KPO KPP KR KSD KSH KT KTN KUR KVA KVR
    KVT KW KWH KWN KWO KWS KWT KWY KX L10 L11 L12 L13 L14 L15 L16 L17 L18 L19 L2 L20
    L21 L23 L24 L25 L26 L27 L28 L29 L30 L31 L32 L33 L34 L35 L36 L37 L38 L39 L40 L41
    L42 L43 L44 L45 L46 L47 L48 L49 L50 L51 L52 L53 L54 L55 L56 L57 L58 L59 L60 L63
    L64 L65 L66 L67 L68 L69 L70 L71 L72 L73 L74 L75 L76 L77 L78 L79 L80 L81 L82 L83
    L84 L85 L86 L87 L88 L89 L90 L91 L92 L93 L94 L95 L96 L98 L99 LA LAC LBR LBT LD
    LEF LF LH LK LM LN LO LP LPA LR LS LTN LTR LUB LUM LUX LY M1 M10 M11 M12 M13 M14
    M15 M16 M17 M18 M19 M20 M21 M22 M23 M24 M25 M26 M27 M29 M30 M31 M32 M33 M34 M35
    M36 M37 M38 M39 M4 M40 M41 M42 M43 M44 M45 M46 M47 M48 M49 M5 M50 M51 M52 M53
    M55 M56 M57 M58 M59 M60 M61 M62 M63 M64 M65 M66 M67 M68 M69 M7 M70 M71 M72 M73
    M74 M75 M76 M77 M78 M79 M80 M81 M82 M83 M84 M85 M86 M87 M88 M89 M9 M90 M91 M92
    M93 M94 M95 M96 M97 M98 M99 MAH MAL MAM MAR MAW MBE MBF MBR MC MCU MD MGM MHZ
    MIK MIL MIN MIO MIU MKD MKM MKW MLD MLT MMK MMQ MMT MND MNJ MON MPA MQD MQH MQM
    MQS MQW MRD MRM MRW MSK MTK MTQ MTR MTS MTZ MVA MWH N1 N10 N11 N12 N13 N14 N15
    N16 N17 N18 N19 N20 N21 N22 N23 N24 N25 N26 N27 N28 N29 N3 N30 N31 N32 N33 N34
    N35 N36 N37 N38 N39 N40 N41 N42 N43 N44 N45 N46 N47 N48 N49 N50 N51 N52 N53 N54
    N55 N56 N57 N58 N59 N60 N61 N62 N63 N64 N65 N66 N67 N68 N69 N70 N71 N72 N73 N74
    N75 N76 N77 N78 N79 N80 N81 N82 N83 N84 N85 N86 N87 N88 N89 N90 N91 N92 N93 N94
    N95 N96 N97 N98 N99 NA NAR NCL NEW NF NIL NIU NL NM3 NMI NMP NPT NT NTU NU NX OA
    ODE ODG ODK ODM OHM ON ONZ OPM OT OZA OZI P1 P10 P11 P12 P13 P14 P15 P16 P17 P18
    P19 P2 P20 P21 P22 P23 P24 P25 P26 P27 P28 P29 P30 P31 P32 P33 P34 P35 P36 P37
    P38 P39 P40 P41 P42 P43 P44 P45 P46 P47 P48 P49 P5 P50 P51 P52 P53 P54 P55 P56
    P57 P58 P59 P60 P61 P62 P63 P64 P65 P66 P67 P68 P69 P70 P71 P72 P73 P74 P75 P76
    P77 P78 P79 P80 P81 P82 P83 P84 P85 P86 P87 P88 P89 P90 P91 P92 P93 P94 P95 P96
    P97 P98 P99 PAL PD PFL PGL PI PLA PO PQ PR PS PTD PTI PTL PTN Q10 Q11 Q12 Q13
    Q14 Q15 Q16 Q17 Q18 Q19 Q20 Q21 Q22 Q23 Q24 Q25 Q26 Q27 Q28 Q29 Q3 Q30 Q31 Q32
    Q33 Q34 Q35 Q36 Q37 Q38 Q39 Q40 Q41 Q42 QA QAN QB QR QTD QTI QTL QTR R1 R9 RH RM
    ROM RP RPM RPS RT S3 S4 SAN SCO SCR SEC SET SG SIE SM3 SMI SQ SQR SR STC STI STK
    STL STN STW SW SX SYR T0 T3 TAH TAN TI TIC TIP TKM TMS TNE TP TPI TPR TQD TRL
    TST TTS U1 U2 UB UC VA VLT VP W2 WA WB WCD WE WEB WEE WG WHR WM WSD WTT X1 YDK
    YDQ YRD Z11 Z9 ZP ZZ
    """
)
"""Units: UNECE Recommendation 20."""

PACKAGES = _codes(
    """
    X1A X1B X1D X1F X1G X1W X2C X3A X3H X43 X44 X4A X4B X4C X4D X4F X4G X4H X5H X5L
    X5M X6H X6P X7A X7B X8A X8B X8C XAA XAB XAC XAD XAE XAF XAG XAH XAI XAJ XAL XAM
    XAP XAT XAV XB4 XBA XBB XBC XBD XBE XBF XBG XBH XBI XBJ XBK XBL XBM XBN XBO XBP
    XBQ XBR XBS XBT XBU XBV XBW XBX XBY XBZ XCA XCB XCC XCD XCE XCF XCG XCH XCI XCJ
    XCK XCL XCM XCN XCO XCP XCQ XCR XCS XCT XCU XCV XCW XCX XCY XCZ XDA XDB XDC XDG
    XDH XDI XDJ XDK XDL XDM XDN XDP XDR XDS XDT XDU XDV XDW XDX XDY XEC XED XEE XEF
    XEG XEH XEI XEN XFB XFC XFD XFE XFI XFL XFO XFP XFR XFT XFW XFX XGB XGI XGL XGR
    XGU XGY XGZ XHA XHB XHC XHG XHN XHR XIA XIB XIC XID XIE XIF XIG XIH XIK XIL XIN
    XIZ XJB XJC XJG XJR XJT XJY XKG XKI XLE XLG XLT XLU XLV XLZ XMA XMB XMC XME XMR
    XMS XMT XMW XMX XNA XNE XNF XNG XNS XNT XNU XNV XO1 XO2 XO3 XO4 XO5 XO6 XO7 XO8
    XO9 XOA XOB XOC XOD XOE XOF XOG XOH XOI XOJ XOK XOL XOM XON XOP XOQ XOR XOS XOT
    XOU XOV XOW XOX XOY XOZ XP1 XP2 XP3 XP4 XPA XPB XPC XPD XPE XPF XPG XPH XPI XPJ
    XPK XPL XPN XPO XPP XPR XPT XPU XPV XPX XPY XPZ XQA XQB XQC XQD XQF XQG XQH XQJ
    XQK XQL XQM XQN XQP XQQ XQR XQS XRD XRG XRJ XRK XRL XRO XRT XRZ XSA XSB XSC XSD
    XSE XSH XSI XSK XSL XSM XSO XSP XSS XST XSU XSV XSW XSX XSY XSZ XT1 XTB XTC XTD
    XTE XTG XTI XTK XTL XTN XTO XTR XTS XTT XTU XTV XTW XTY XTZ XUC XUN XVA XVG XVI
    XVK XVL XVN XVO XVP XVQ XVR XVS XVY XWA XWB XWC XWD XWF XWG XWH XWJ XWK XWL XWM
    XWN XWP XWQ XWR XWS XWT XWU XWV XWW XWX XWY XWZ XXA XXB XXC XXD XXF XXG XXH XXJ
    XXK XYA XYB XYC XYD XYF XYG XYH XYJ XYK XYL XYM XYN XYP XYQ XYR XYS XYT XYV XYW
    XYX XYY XYZ XZA XZB XZC XZD XZF XZG XZH XZJ XZK XZL XZM XZN XZP XZQ XZR XZS XZT
    XZU XZV XZW XZX XZY XZZ
    """
)
"""Packages as units: UNECE Recommendation 21, each after an X."""

CHARGES = _codes(
    """
    AA AAA AAC AAD AAE AAF AAH AAI AAS AAT AAV AAY AAZ ABA ABB ABC ABD ABF ABK ABL
    ABN ABR ABS ABT ABU ACF ACG ACH ACI ACJ ACK ACL ACM ACS ADC ADE ADJ ADK ADL ADM
    ADN ADO ADP ADQ ADR ADT ADW ADY ADZ AEA AEB AEC AED AEF AEH AEI AEJ AEK AEL AEM
    AEN AEO AEP AES AET AEU AEV AEW AEX AEY AEZ AJ AU CA CAB CAD CAE CAF CAI CAJ CAK
    CAL CAM CAN CAO CAP CAQ CAR CAS CAT CAU CAV CAW CAX CAY CAZ CD CG CS CT DAB DAD
    DAC DAF DAG DAH DAI DAJ DAK DAL DAM DAN DAO DAP DAQ DL EG EP ER FAA FAB FAC FC
    FH FI GAA HAA HD HH IAA IAB ID IF IR IS KO L1 LA LAA LAB LF MAE MI ML NAA OA PA
    PAA PC PL PRV RAB RAC RAD RAF RE RF RH RV SA SAA SAD SAE SAI SG SH SM SU TAB TAC
    TT TV V1 V2 WH XAA YY ZZZ
    """
)
"""Reasons of charges: UNTDID 7161."""

ALLOWANCES = _codes(
    """
    41 42 60 62 63 64 65 66 67 68 70 71 88 95 100 102 103 104 105
    """
)
"""Reasons of allowances: UNTDID 5189, the subset of EN 16931."""

MEANS = _codes(
    """
    1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
    31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57
    58 59 60 61 62 63 64 65 66 67 68 69 70 74 75 76 77 78 91 92 93 94 95 96 97 98
    ZZZ
    """
)
"""Means of payment: UNTDID 4461."""

CURRENCIES = _codes(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD
    BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNH CNY COP COU CRC CUP CVE CZK DJF
    DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
    HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK
    LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN
    NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR
    SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STD SVC SYP SZL THB TJS TMT TND TOP TRY
    TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VES VED VND VUV WST XAF XAG XAU XBA
    XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG
    """
)
"""ISO 4217."""

COUNTRIES = _codes(
    """
    1A AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL
    BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW
    CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF
    GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ
    IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU
    LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC
    NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE
    RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD
    TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU
    WF WS XI YE YT ZA ZM ZW
    """
)
"""ISO 3166-1, with 1A for Kosovo and XI for Northern Ireland."""

EAS = _codes(
    """
    0002 0007 0009 0037 0060 0088 0096 0097 0106 0130 0135 0142 0147 0151 0154 0158
    0170 0177 0183 0184 0188 0190 0191 0192 0193 0194 0195 0196 0198 0199 0200 0201
    0202 0203 0204 0205 0208 0209 0210 0211 0212 0213 0215 0216 0217 0218 0219 0220
    0221 0225 0230 0235 0240 0244 0242 0245 0246 0248 9910 9913 9914 9915 9918 9919
    9920 9922 9923 9924 9925 9926 9927 9928 9929 9930 9931 9932 9933 9934 9935 9936
    9937 9938 9939 9940 9941 9942 9943 9944 9945 9946 9947 9948 9949 9950 9951 9952
    9953 9957 9959 AN AQ AS AU EM
    """
)
"""Schemes of electronic addresses: EAS."""

NOT_PEPPOL = {
    "EndpointID": (
        "PEPPOL-EN16931-CL008",
        _codes(
            "0037 0147 0154 0158 0170 0177 0193 0194 0202 0203 0205 0212 0213 0215 0217"
            " 0219 0220 AN AQ AS AU EM"
        ),
    ),
    "InvoiceTypeCode": (
        "PEPPOL-EN16931-P0100",
        _codes(
            "81 130 202 203 204 211 295 325 385 387 389 390 394 456 457 471 472 473 500"
            " 501 527 633 751 935"
        ),
    ),
    "CreditNoteTypeCode": (
        "PEPPOL-EN16931-P0101",
        _codes("261 262 296 308 420 458 502 503"),
    ),
}
"""What the lists have and Peppol does not take, with its rule."""

INVOICE_TYPES = _codes(
    """
    71 80 81 82 84 102 130 202 203 204 211 218 219 295 325 326 331 380 382 383 384
    385 386 387 388 389 390 393 394 395 456 457 471 472 473 500 501 527 553 575 623
    633 751 780 817 870 875 876 877 935
    """
)
"""Kinds of invoices: UNTDID 1001."""

CREDIT_NOTE_TYPES = _codes("81 83 261 262 296 308 381 396 420 458 502 503 532")
"""Kinds of credit notes: UNTDID 1001."""

ITEM_LISTS = _codes(
    """
    AA AB AC AD AE AF AG AH AI AJ AK AL AM AN AO AP AQ AR AS AT AU AV AW AX AY AZ BA
    BB BC BD BE BF BG BH BI BJ BK BL BM BN BO BP BQ BR BS BT BU BV BW BX BY BZ CC CG
    CL CR CV DR DW EC EF EMD EN FS GB GN GMN GS HS IB IN IS IT IZ MA MF MN MP NB ON
    PD PL PO PPI PV QS RC RN RU RY SA SG SK SN SRS SRT SRU SRV SRW SRX SRY SRZ SS
    SSA SSB SSC SSD SSE SSF SSG SSH SSI SSJ SSK SSL SSM SSN SSO SSP SSQ SSR SSS SST
    SSU SSV SSW SSX SSY SSZ ST STA STB STC STD STE STF STG STH STI STJ STK STL STM
    STN STO STP STQ STR STS STT STU STV STW STX STY STZ SUA SUB SUC SUD SUE SUF SUG
    SUH SUI SUJ SUK SUL SUM TG TSN TSO TSP TSQ TSR TSS TST TSU UA UP VN VP VS VX ZZZ
    """
)
"""Classifications of articles: UNTDID 7143."""
EXEMPTIONS = frozenset(
    f"VATEX-{code}"
    for code in [
        "EU-79-C",
        "EU-132",
        "EU-132-1A",
        "EU-132-1B",
        "EU-132-1C",
        "EU-132-1D",
        "EU-132-1E",
        "EU-132-1F",
        "EU-132-1G",
        "EU-132-1H",
        "EU-132-1I",
        "EU-132-1J",
        "EU-132-1K",
        "EU-132-1L",
        "EU-132-1M",
        "EU-132-1N",
        "EU-132-1O",
        "EU-132-1P",
        "EU-132-1Q",
        "EU-135-1",
        "EU-143",
        "EU-143-1A",
        "EU-143-1B",
        "EU-143-1C",
        "EU-143-1D",
        "EU-143-1E",
        "EU-143-1F",
        "EU-143-1FA",
        "EU-143-1G",
        "EU-143-1H",
        "EU-143-1I",
        "EU-143-1J",
        "EU-143-1K",
        "EU-143-1L",
        "EU-144",
        "EU-146-1E",
        "EU-148",
        "EU-148-A",
        "EU-148-B",
        "EU-148-C",
        "EU-148-D",
        "EU-148-E",
        "EU-148-F",
        "EU-148-G",
        "EU-151",
        "EU-151-1A",
        "EU-151-1AA",
        "EU-151-1B",
        "EU-151-1C",
        "EU-151-1D",
        "EU-151-1E",
        "EU-153",
        "EU-159",
        "EU-309",
        "EU-AE",
        "EU-D",
        "EU-F",
        "EU-G",
        "EU-I",
        "EU-IC",
        "EU-J",
        "EU-O",
        "FR-298SEXDECIESA",
        "FR-AE",
        "FR-CGI261-1",
        "FR-CGI261-2",
        "FR-CGI261-3",
        "FR-CGI261-4",
        "FR-CGI261-5",
        "FR-CGI261-7",
        "FR-CGI261-8",
        "FR-CGI261A",
        "FR-CGI261B",
        "FR-CGI261C-1",
        "FR-CGI261C-2",
        "FR-CGI261C-3",
        "FR-CGI261D-1",
        "FR-CGI261D-1BIS",
        "FR-CGI261D-2",
        "FR-CGI261D-3",
        "FR-CGI261D-4",
        "FR-CGI261E-1",
        "FR-CGI261E-2",
        "FR-CGI275",
        "FR-CGI277A",
        "FR-CGI295",
        "FR-CNWVAT",
        "FR-FRANCHISE",
    ]
)
"""Reasons why no VAT is charged: the EU's list VATEX."""

ICD = frozenset(f"{n:04}" for n in range(2, 249)) - {"0092", "0103", "0181", "0182"}
"""Schemes of company numbers and the like: ISO/IEC 6523, by its register ICD."""

VAT_CATEGORIES = _codes("AE E S Z G O K L M B")
"""The part of UNTDID 5305 that EN 16931 takes."""

# Which element holds a code of which list -----------------------------------------

CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"

AMOUNTS = [
    "Amount",
    "BaseAmount",
    "PriceAmount",
    "TaxAmount",
    "TaxableAmount",
    "LineExtensionAmount",
    "TaxExclusiveAmount",
    "TaxInclusiveAmount",
    "AllowanceTotalAmount",
    "ChargeTotalAmount",
    "PrepaidAmount",
    "PayableRoundingAmount",
    "PayableAmount",
]
ITEM_IDS = {
    "PartyIdentification": ("BR-CL-10", "ICD", ICD),
    "StandardItemIdentification": ("BR-CL-21", "ICD", ICD),
    "DeliveryLocation": ("BR-CL-26", "ICD", ICD),
    "TaxCategory": ("BR-CL-17", "UNTDID 5305", VAT_CATEGORIES),
    "ClassifiedTaxCategory": ("BR-CL-18", "UNTDID 5305", VAT_CATEGORIES),
}
COUNTRY_CODES = {
    "Country": ("BR-CL-14", "ISO 3166-1", COUNTRIES),
    "OriginCountry": ("BR-CL-15", "ISO 3166-1", COUNTRIES),
}
UNIT_CODES = {None: ("BR-CL-23", "UNECE Rec. 20/21", UNITS | PACKAGES)}
CODES: dict[str, dict[str | None, tuple[str, str, frozenset[str]]]] = {
    "InvoiceTypeCode": {None: ("BR-CL-01", "UNTDID 1001", INVOICE_TYPES)},
    "CreditNoteTypeCode": {None: ("BR-CL-01", "UNTDID 1001", CREDIT_NOTE_TYPES)},
    "DocumentCurrencyCode": {None: ("BR-CL-04", "ISO 4217", CURRENCIES)},
    "TaxCurrencyCode": {None: ("BR-CL-05", "ISO 4217", CURRENCIES)},
    "IdentificationCode": COUNTRY_CODES,
    "PaymentMeansCode": {"PaymentMeans": ("BR-CL-16", "UNTDID 4461", MEANS)},
    "TaxExemptionReasonCode": {None: ("BR-CL-22", "VATEX", EXEMPTIONS)},
    "ID": ITEM_IDS,
    "CompanyID": {"PartyLegalEntity": ("BR-CL-11", "ICD", ICD)},
    "EndpointID": {None: ("BR-CL-25", "EAS", EAS)},
    "ItemClassificationCode": {None: ("BR-CL-13", "UNTDID 7143", ITEM_LISTS)},
    "InvoicedQuantity": UNIT_CODES,
    "CreditedQuantity": UNIT_CODES,
    "BaseQuantity": UNIT_CODES,
    **{name: {None: ("BR-CL-03", "ISO 4217", CURRENCIES)} for name in AMOUNTS},
}
"""By element, and by parent where that decides: rule, name of the list, codes."""

ATTRIBUTES = {
    **dict.fromkeys(("InvoicedQuantity", "CreditedQuantity"), "unitCode"),
    **dict.fromkeys(("ID", "CompanyID", "EndpointID"), "schemeID"),
    **dict.fromkeys(AMOUNTS, "currencyID"),
    "BaseQuantity": "unitCode",
    "ItemClassificationCode": "listID",
}
"""Elements that have their code in an attribute."""

# VAT categories -----------------------------------------------------------------

RULES = {
    "AE": "BR-AE",
    "E": "BR-E",
    "G": "BR-G",
    "K": "BR-IC",
    "L": "BR-AF",
    "M": "BR-AG",
    "O": "BR-O",
    "S": "BR-S",
    "Z": "BR-Z",
}
"""How the rules of each category begin."""

TAXED = ("S", "L", "M")
"""Categories with rates: their sums are by rate, and may be off by less than one."""

ONLY_FOR = {
    "VATEX-EU-G": ("PEPPOL-EN16931-P0104", "G"),
    "VATEX-EU-O": ("PEPPOL-EN16931-P0105", "O"),
    "VATEX-EU-IC": ("PEPPOL-EN16931-P0106", "K"),
    "VATEX-EU-AE": ("PEPPOL-EN16931-P0107", "AE"),
    "VATEX-EU-D": ("PEPPOL-EN16931-P0108", "E"),
    "VATEX-EU-F": ("PEPPOL-EN16931-P0109", "E"),
    "VATEX-EU-I": ("PEPPOL-EN16931-P0110", "E"),
    "VATEX-EU-J": ("PEPPOL-EN16931-P0111", "E"),
}
"""The only category that each of these exemptions goes with."""

NUMBERS = ("Amount", "Percent", "Quantity", "FactorNumeric")
"""How the names of elements end that hold numbers."""

NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)\s*")
ONE, HALF = Decimal(1), Decimal("0.5")
SLACK = Decimal("0.02")
"""How far Peppol's rules let a line be from quantity times price."""


class Finding(NamedTuple):
    """A broken rule.

    :ivar rule: as EN 16931 and Peppol call it
    :ivar kind: of fault, which decides how it is told
    :ivar arguments: what is told: texts, all of them
    """

    rule: str
    kind: str
    arguments: dict[str, str]


def check(xml: bytes) -> list[Finding]:
    """The rules that an Invoice or CreditNote of UBL 2.1 breaks, each fault once."""
    document = _Document(etree.fromstring(xml))
    found = [
        *_element_findings(document),
        *_sum_findings(document),
        *_line_findings(document),
        *_breakdown_findings(document),
        *_use_findings(document),
        *_presence_findings(document),
    ]
    unique = {(each.rule, *each.arguments.values()): each for each in found}
    return list(unique.values())


# Reading ------------------------------------------------------------------------


class _Category(NamedTuple):
    """A VAT category of a line, an allowance, a charge or the totals."""

    code: str
    rate: Decimal | None
    is_vat: bool
    reason: str
    """Text and code of the exemption, whatever there is."""
    exemption: str

    @property
    def name(self) -> str:
        return f"{self.code} {_text(self.rate)} %" if self.rate else self.code


class _Part(NamedTuple):
    """What has an amount and a category: a line, an allowance, a charge."""

    node: Any
    kind: str
    amount: Decimal | None
    categories: list[_Category]


class _Document:
    """A document's parts, each looked up once."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.lines = [
            _part(node, "line", CBC + "LineExtensionAmount")
            for node in root.iterchildren(CAC + "InvoiceLine", CAC + "CreditNoteLine")
        ]
        self.extras = [
            _part(node, _extra_kind(node), CBC + "Amount")
            for node in root.iterchildren(CAC + "AllowanceCharge")
        ]
        self.tax_totals = list(root.iterchildren(CAC + "TaxTotal"))
        self.subtotals = [
            (node, *_categories(node, CAC + "TaxCategory"))
            for total in self.tax_totals
            for node in total.iterchildren(CAC + "TaxSubtotal")
        ]
        is_invoice = root.tag.endswith("}Invoice")
        self.quantity = f"{CBC}{'Invoiced' if is_invoice else 'Credited'}Quantity"
        self.currency = _value(root, CBC + "DocumentCurrencyCode")
        self.total = root.find(CAC + "LegalMonetaryTotal")

    def sum_of(self, kind: str) -> Decimal:
        return _sum(part.amount for part in self.extras if part.kind == kind)

    def base(self, code: str, rate: Decimal | None = None) -> Decimal | None:
        """What the lines, charges and allowances of a category come to, of one rate
        if it is given; None if there are none."""
        signs = {"line": 1, "charge": 1, "allowance": -1}
        amounts = [
            signs[part.kind] * (part.amount or 0)
            for part in self.lines + self.extras
            if any(
                each.code == code and rate in (None, each.rate)
                for each in part.categories
            )
        ]
        return _sum(amounts) if amounts else None

    def vat_numbers(self) -> tuple[bool, bool, bool, bool]:
        """Whether there are: any tax number of the seller, its VAT number or its
        representative's, the buyer's VAT number, the buyer's company number."""
        seller = self.root.find(f"{CAC}AccountingSupplierParty/{CAC}Party")
        buyer = self.root.find(f"{CAC}AccountingCustomerParty/{CAC}Party")
        agent = _has_vat(self.root.find(CAC + "TaxRepresentativeParty"))
        company = f"{CAC}PartyLegalEntity/{CBC}CompanyID"
        any_number = f"{CAC}PartyTaxScheme/{CBC}CompanyID"
        return (
            agent or seller is not None and seller.find(any_number) is not None,
            agent or _has_vat(seller),
            _has_vat(buyer),
            buyer is not None and buyer.find(company) is not None,
        )


def _part(node: Any, kind: str, amount: str) -> _Part:
    if kind == "line":
        item = node.find(CAC + "Item")
        categories = _categories(item, CAC + "ClassifiedTaxCategory")
    else:
        categories = _categories(node, CAC + "TaxCategory")
    return _Part(node, kind, _number(node, amount), categories)


def _categories(node: Any, tag: str) -> list[_Category]:
    found = node.iterchildren(tag) if node is not None else ()
    return [_category(each) for each in found]


def _category(node: Any) -> _Category:
    texts = {child.tag: (child.text or "").strip() for child in node}
    exemption = texts.get(CBC + "TaxExemptionReasonCode", "")
    reason = exemption or texts.get(CBC + "TaxExemptionReason", "")
    scheme = _value(node, f"{CAC}TaxScheme/{CBC}ID").upper()
    rate = _decimal(texts.get(CBC + "Percent"))
    code = texts.get(CBC + "ID", "")
    return _Category(code, rate, scheme == "VAT", reason, exemption.upper())


def _extra_kind(node: Any) -> str:
    charged = _value(node, CBC + "ChargeIndicator") in ("true", "1")
    return "charge" if charged else "allowance"


def _has_vat(party: Any) -> bool:
    if party is None:
        return False
    return any(
        _value(scheme, f"{CAC}TaxScheme/{CBC}ID").upper() == "VAT"
        and scheme.find(CBC + "CompanyID") is not None
        for scheme in party.iterchildren(CAC + "PartyTaxScheme")
    )


def _value(node: Any, path: str) -> str:
    return (node.findtext(path) or "").strip()


def _number(node: Any, path: str) -> Decimal | None:
    return _decimal(node.findtext(path))


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text.strip()) if text and NUMBER.fullmatch(text) else None


def _sum(numbers: Iterable[Decimal | None]) -> Decimal:
    return sum((number for number in numbers if number is not None), Decimal(0))


def _rounded(number: Decimal) -> Decimal:
    """To two decimals, a half upwards, below zero as well: as XPath rounds."""
    return (number * 100 + HALF).to_integral_value(ROUND_FLOOR) / 100


def _text(number: Decimal | None) -> str:
    return "" if number is None else f"{number.normalize():f}"


def _amount(number: Decimal | None) -> str:
    """An amount as people read it; all its decimals if there are more than two."""
    if number is None:
        return "–"
    return max(f"{number:.2f}", _text(number), key=len)


# Codes and numbers ----------------------------------------------------------------


def _element_findings(document: _Document) -> Iterator[Finding]:
    """BR-CL-01 to BR-CL-26, and what is no number."""
    for element in document.root.iter(f"{CBC}*"):
        name, lists, is_number = _kind_of(element.tag)
        if lists:
            found = lists.get(None) or lists.get(_parent(element))
            if found:
                yield from _code_findings(document, element, name, *found)
        elif name == "AllowanceChargeReasonCode":
            yield from _reason_findings(element)
        if is_number:
            yield from _number_findings(element, name)


@lru_cache(maxsize=500)
def _kind_of(tag: str) -> tuple[str, dict[str | None, Any], bool]:
    """The name of an element, its lists of codes, and whether it is a number."""
    name = tag[len(CBC) :]
    return name, CODES.get(name, {}), name.endswith(NUMBERS)


def _parent(element: Any) -> str:
    tag: str = element.getparent().tag
    return tag.rpartition("}")[2]


def _code_findings(
    document: _Document,
    element: Any,
    name: str,
    rule: str,
    title: str,
    codes: frozenset[str],
) -> Iterator[Finding]:
    """The currency of each amount, too (PEPPOL-EN16931-R051)."""
    attribute = None if codes is VAT_CATEGORIES else ATTRIBUTES.get(name)
    code = element.get(attribute) if attribute else element.text or ""
    if code is None:
        return
    code = code.strip()
    known = code.upper() if codes is EXEMPTIONS else code
    narrower, excluded = NOT_PEPPOL.get(name, ("", ()))
    if known not in codes and not (rule == "BR-CL-10" and _is_creditor(element, code)):
        yield Finding(rule, "code", {"found": code, "list": title})
    elif code in excluded:
        yield Finding(narrower, "code", {"found": code, "list": title})
    if attribute == "currencyID" and code != document.currency:
        yield from _currency_findings(document, element, code)


def _is_creditor(element: Any, code: str) -> bool:
    """Whether it is a creditor identifier of SEPA, which only sellers and payees
    have (BR-CL-10)."""
    parties = (CAC + "AccountingSupplierParty", CAC + "PayeeParty")
    return code == "SEPA" and next(element.iterancestors(*parties), None) is not None


def _currency_findings(
    document: _Document, element: Any, code: str
) -> Iterator[Finding]:
    """The VAT in the seller's currency (BT-111) is the only exception."""
    total = element.getparent()
    if total.tag == CAC + "TaxTotal" and total.find(CAC + "TaxSubtotal") is None:
        return
    arguments = {"found": code, "expected": document.currency}
    yield Finding("PEPPOL-EN16931-R051", "currency", arguments)


def _reason_findings(element: Any) -> Iterator[Finding]:
    code = (element.text or "").strip()
    if _extra_kind(element.getparent()) == "charge":
        rule, title, codes = "BR-CL-20", "UNTDID 7161", CHARGES
    else:
        rule, title, codes = "BR-CL-19", "UNTDID 5189", ALLOWANCES
    if code not in codes:
        yield Finding(rule, "code", {"found": code, "list": title})


def _number_findings(element: Any, name: str) -> Iterator[Finding]:
    """UBL-DT-01 with BR-DEC-01 to BR-DEC-28, and numbers that are none."""
    text = element.text or ""
    arguments = {"found": text, "element": name}
    if not NUMBER.fullmatch(text):
        yield Finding("UBL-2.1", "number", arguments)
    elif len(text.partition(".")[2]) > 2 and _is_rounded(element, name):
        yield Finding("UBL-DT-01", "decimals", arguments)


def _is_rounded(element: Any, name: str) -> bool:
    if not name.endswith("Amount") or name.endswith("PriceAmount"):
        return False
    parent = element.getparent()
    return parent.tag != CAC + "AllowanceCharge" or _parent(parent) != "Price"


# Sums -------------------------------------------------------------------------------


def _sum_findings(document: _Document) -> Iterator[Finding]:
    """BR-CO-10 to BR-CO-16."""
    if document.total is None:
        yield Finding("BR-12", "missing", {"element": "LegalMonetaryTotal"})
        return
    net, allowances, charges, untaxed, total, prepaid, rounding, payable = (
        _number(document.total, f"{CBC}{name}Amount")
        for name in (
            "LineExtension",
            "AllowanceTotal",
            "ChargeTotal",
            "TaxExclusive",
            "TaxInclusive",
            "Prepaid",
            "PayableRounding",
            "Payable",
        )
    )
    lines = _rounded(_sum(part.amount for part in document.lines))
    yield from _differing("BR-CO-10", "lines", lines, net)
    for rule, kind, found in (
        ("BR-CO-11", "allowance", allowances),
        ("BR-CO-12", "charge", charges),
    ):
        if found is not None or any(part.kind == kind for part in document.extras):
            expected = _rounded(document.sum_of(kind))
            yield from _differing(rule, f"{kind}s", expected, found)
    expected = _sum((net, charges)) - _sum((allowances,))
    if charges is not None or allowances is not None:
        expected = _rounded(expected)
    yield from _differing("BR-CO-13", "untaxed", expected, untaxed)
    yield from _tax_sum_findings(document, untaxed, total)
    due = _sum((total,)) if prepaid is None else _rounded(_sum((total,)) - prepaid)
    yield from _differing("BR-CO-16", "payable", due + _sum((rounding,)), payable)


def _tax_sum_findings(
    document: _Document, untaxed: Decimal | None, total: Decimal | None
) -> Iterator[Finding]:
    """BR-CO-14, BR-CO-15, BR-53."""
    taxes = []
    for node in document.tax_totals:
        tax = _number(node, CBC + "TaxAmount")
        amount = node.find(CBC + "TaxAmount")
        if amount is not None and amount.get("currencyID") == document.currency:
            taxes.append(tax)
        parts = node.findall(CAC + "TaxSubtotal")
        if parts:
            expected = _rounded(
                _sum(_number(part, CBC + "TaxAmount") for part in parts)
            )
            yield from _differing("BR-CO-14", "tax", expected, tax)
    expected = _rounded(_sum((untaxed, *taxes)))
    # A total of VAT more or less can't be told from a wrong sum.
    found = total if len(taxes) == 1 else None
    yield from _differing("BR-CO-15", "total", expected, found)


def _differing(
    rule: str, kind: str, expected: Decimal, found: Decimal | None, **more: str
) -> Iterator[Finding]:
    if expected != found:
        arguments = {"expected": _amount(expected), "found": _amount(found)}
        yield Finding(rule, kind, more | arguments)


# Lines ------------------------------------------------------------------------------


def _line_findings(document: _Document) -> Iterator[Finding]:
    """BR-CO-04, UBL-SR-48, BR-27, PEPPOL-EN16931-R040, R046, R120
    and R130."""
    for part in document.lines:
        line = _value(part.node, CBC + "ID")
        if not any(each.is_vat for each in part.categories):
            yield Finding("BR-CO-04", "line_category", {"line": line})
        if len(part.categories) != 1:
            yield Finding("UBL-SR-48", "line_category", {"line": line})
        extras = [
            _part(node, _extra_kind(node), CBC + "Amount")
            for node in part.node.iterchildren(CAC + "AllowanceCharge")
        ]
        yield from _price_findings(document, part, extras, line)
        for extra in extras:
            yield from _percent_findings(extra)
    for extra in document.extras:
        yield from _percent_findings(extra)


def _price_findings(
    document: _Document, part: _Part, extras: list[_Part], line: str
) -> Iterator[Finding]:
    """The line is quantity times price, with its allowances and charges."""
    node = part.node.find(CAC + "Price")
    price = None if node is None else _number(node, CBC + "PriceAmount")
    if price is None or price < 0:
        yield Finding("BR-27", "price", {"line": line, "found": _amount(price)})
    if price is None:
        return
    base = _number(node, CBC + "BaseQuantity") or ONE
    quantity = _number(part.node, document.quantity)
    net = (ONE if quantity is None else quantity) * (price / base)
    for extra in extras:
        net += (extra.amount or 0) * (1 if extra.kind == "charge" else -1)
    if abs(net - (part.amount or 0)) > SLACK:
        rule = "PEPPOL-EN16931-R120"
        yield from _differing(rule, "line", _rounded(net), part.amount, line=line)
    yield from _discount_findings(node, price, line)
    yield from _base_quantity_findings(document, part.node, node)


def _discount_findings(node: Any, price: Decimal, line: str) -> Iterator[Finding]:
    discount = node.find(CAC + "AllowanceCharge")
    gross = None if discount is None else _number(discount, CBC + "BaseAmount")
    if gross is not None:
        expected = gross - _sum((_number(discount, CBC + "Amount"),))
        rule = "PEPPOL-EN16931-R046"
        yield from _differing(rule, "net_price", expected, price, line=line)


def _base_quantity_findings(
    document: _Document, line: Any, price: Any
) -> Iterator[Finding]:
    base, quantity = price.find(CBC + "BaseQuantity"), line.find(document.quantity)
    if base is None or quantity is None:
        return
    unit, expected = base.get("unitCode"), quantity.get("unitCode")
    if unit is not None and unit != expected:
        arguments = {"found": unit, "expected": expected or "–"}
        yield Finding("PEPPOL-EN16931-R130", "unit", arguments)


def _percent_findings(extra: _Part) -> Iterator[Finding]:
    percent = _number(extra.node, CBC + "MultiplierFactorNumeric")
    base = _number(extra.node, CBC + "BaseAmount")
    if percent is None or base is None:
        return
    expected = base * percent / 100
    if abs(expected - (extra.amount or 0)) > SLACK:
        yield from _differing(
            "PEPPOL-EN16931-R040", "percentage", _rounded(expected), extra.amount
        )


# VAT --------------------------------------------------------------------------------


def _breakdown_findings(document: _Document) -> Iterator[Finding]:
    """Each VAT category of the totals: BR-CO-17, BR-x-08 to BR-x-10."""
    for node, *categories in document.subtotals:
        base = _number(node, CBC + "TaxableAmount")
        tax = _number(node, CBC + "TaxAmount")
        vat = [each for each in categories if each.is_vat]
        if not vat:
            yield Finding("BR-47", "missing", {"element": "TaxCategory"})
        for each in vat:
            if each.rate is None and each.code != "O":
                yield Finding("BR-48", "no_rate", {"category": each.code})
            if each.code in RULES:
                yield from _base_findings(document, each, base)
            yield from _tax_findings(each, base, tax)
            yield from _exemption_findings(each)


def _base_findings(
    document: _Document, category: _Category, base: Decimal | None
) -> Iterator[Finding]:
    """BR-x-08: what is taxed is what the lines, charges and allowances come to."""
    rule = f"{RULES[category.code]}-08"
    if category.code not in TAXED:
        expected = document.base(category.code) or Decimal(0)
        wrong = base != expected
    elif category.rate is None:
        return
    else:
        found = document.base(category.code, category.rate)
        expected = found or Decimal(0)
        unused = found is None and category.code == "S"
        wrong = unused or not _is_near(base, expected)
    if wrong:
        arguments = {"expected": _amount(expected), "found": _amount(base)}
        yield Finding(rule, "base", {"category": category.name, **arguments})


def _is_near(base: Decimal | None, expected: Decimal) -> bool:
    """As the rule computes it, with binary numbers: it decides at exactly one."""
    if base is None:
        return False
    return Decimal(float(base) - 1) < expected < Decimal(float(base) + 1)


def _tax_findings(
    category: _Category, base: Decimal | None, tax: Decimal | None
) -> Iterator[Finding]:
    """BR-x-09 and BR-CO-17: the tax is the rate's share of the base."""
    rate = category.rate or Decimal(0)
    whole = _rounded(abs(base or Decimal(0)) * rate / 100)
    near = tax is not None and abs(abs(tax) - whole) < 1
    small = tax is not None and -HALF <= tax < HALF
    arguments = {"category": category.name, "found": _amount(tax)}
    expected = {"expected": _amount(whole.copy_sign(base or whole))}
    kind = "rate_tax" if category.code in TAXED and rate else "category_tax"
    if not (small if -HALF <= rate < HALF else near):
        yield Finding("BR-CO-17", kind, arguments | expected)
    if category.code in TAXED:
        wrong = category.rate is None or not near
    else:
        wrong, expected = tax != 0, {"expected": _amount(Decimal(0))}
    if wrong and category.code in RULES:
        rule = f"{RULES[category.code]}-09"
        yield Finding(rule, kind, arguments | expected)


def _exemption_findings(category: _Category) -> Iterator[Finding]:
    """BR-x-10, PEPPOL-EN16931-P0104 to P0111: why no VAT is charged."""
    arguments = {"category": category.code, "found": category.reason}
    if category.code in (*TAXED, "Z"):
        if category.reason:
            yield Finding(f"{RULES[category.code]}-10", "exemption", arguments)
    elif category.code in RULES and not category.reason:
        rule = f"{RULES[category.code]}-10"
        yield Finding(rule, "no_exemption", {"category": category.code})
    rule, only = ONLY_FOR.get(category.exemption, ("", category.code))
    if category.code != only:
        yield Finding(rule, "exemption", arguments)


def _use_findings(document: _Document) -> Iterator[Finding]:
    """Categories of lines, allowances and charges: BR-x-01 to BR-x-07, BR-O-11 to
    BR-O-14, BR-B-01 and BR-B-02."""
    extras = document.extras + [
        _part(node, _extra_kind(node), CBC + "Amount")
        for part in document.lines
        for node in part.node.iterchildren(CAC + "AllowanceCharge")
    ]
    numbers = document.vat_numbers()
    used = {
        "line": {each for part in document.lines for each in part.categories},
        **{
            kind: {
                each for part in extras if part.kind == kind for each in part.categories
            }
            for kind in ("allowance", "charge")
        },
    }
    for place, kind in enumerate(used):
        for each in used[kind]:
            if each.is_vat and each.code in RULES:
                yield from _number_use_findings(each, place + 2, numbers)
                yield from _rate_findings(each, place + 5)
    totals = [each for _node, *found in document.subtotals for each in found]
    yield from _listed_findings(set().union(*used.values()), totals)
    yield from _alone_findings(document, used, totals)


def _number_use_findings(
    category: _Category, place: int, numbers: tuple[bool, bool, bool, bool]
) -> Iterator[Finding]:
    """BR-x-02 to BR-x-04: the tax numbers that a category asks for."""
    any_number, seller, buyer, company = numbers
    fits = {
        "AE": any_number and (buyer or company),
        "G": seller,
        "K": seller and buyer,
        "O": not seller and not buyer,
    }.get(category.code, any_number)
    if not fits:
        rule = f"{RULES[category.code]}-{place:02}"
        yield Finding(rule, "vat_numbers", {"category": category.code})


def _rate_findings(category: _Category, place: int) -> Iterator[Finding]:
    """BR-x-05 to BR-x-07: the rate that a category allows."""
    code, rate = category.code, category.rate
    rule = f"{RULES[code]}-{place:02}"
    if code == "O":
        fits = rate is None
    elif rate is None:
        yield Finding(rule, "no_rate", {"category": code})
        return
    elif code == "S":
        fits = rate > 0
    else:
        fits = rate >= 0 if code in TAXED else rate == 0
    if not fits:
        yield Finding(rule, "rate", {"category": code, "found": _text(rate)})


def _listed_findings(
    used: set[_Category], totals: list[_Category]
) -> Iterator[Finding]:
    """BR-x-01: the categories of the lines and those of the totals are the same."""
    # BR-S-01 alone does not ask whether it is VAT.
    lines = {each.code for each in used if each.is_vat or each.code == "S"}
    summed = [each.code for each in totals if each.is_vat or each.code == "S"]
    for code, rule in RULES.items():
        count = summed.count(code)
        if code in TAXED:
            wrong = bool(count) != (code in lines)
        else:
            wrong = count != 1 and (count > 1 or code in lines)
        if wrong:
            yield Finding(f"{rule}-01", "breakdown", {"category": code})


def _alone_findings(
    document: _Document, used: dict[str, set[_Category]], totals: list[_Category]
) -> Iterator[Finding]:
    """What can't stand beside other categories."""
    summed = {each.code for each in totals if each.is_vat}
    places = {11: summed} | {
        number: {each.code for each in used[kind] if each.is_vat}
        for number, kind in ((12, "line"), (13, "allowance"), (14, "charge"))
    }
    if "O" in summed:
        for number, codes in places.items():
            if codes - {"O"}:
                yield Finding(f"BR-O-{number}", "alone", {"category": "O"})
    codes = {each.code for each in (*totals, *set().union(*used.values()))}
    if "B" in codes:
        countries = document.root.iter(CBC + "IdentificationCode")
        if any(country.text != "IT" for country in countries):
            yield Finding("BR-B-01", "alone", {"category": "B"})
        if "S" in codes:
            yield Finding("BR-B-02", "alone", {"category": "B"})


# What has to be there ---------------------------------------------------------------


def _presence_findings(document: _Document) -> Iterator[Finding]:
    """What sums and categories ask for: BR-CO-18, BR-IC-11, BR-IC-12."""
    if not document.subtotals:
        yield Finding("BR-CO-18", "missing", {"element": "TaxSubtotal"})
    yield from _currency_total_findings(document)
    yield from _means_findings(document.root)
    yield from _prefix_findings(document.root)
    if any(each.code == "K" for _node, *found in document.subtotals for each in found):
        yield from _delivery_findings(document.root)


def _currency_total_findings(document: _Document) -> Iterator[Finding]:
    """The VAT in the seller's currency: BR-53, PEPPOL-EN16931-R005 and R055."""
    wanted = _value(document.root, CBC + "TaxCurrencyCode")
    if not wanted:
        return
    amounts = [total.find(CBC + "TaxAmount") for total in document.tax_totals]
    taxes = {
        each.get("currencyID"): _decimal(each.text) or Decimal(0)
        for each in amounts
        if each is not None
    }
    if wanted == document.currency:
        arguments = {"found": wanted, "list": "TaxCurrencyCode"}
        yield Finding("PEPPOL-EN16931-R005", "code", arguments)
    if wanted not in taxes:
        yield Finding("BR-53", "missing", {"element": f"TaxAmount ({wanted})"})
    elif taxes[wanted] * taxes.get(document.currency, 0) < 0:
        arguments = {"found": _amount(taxes[wanted]), "element": "TaxAmount"}
        yield Finding("PEPPOL-EN16931-R055", "sign", arguments)


def _means_findings(root: Any) -> Iterator[Finding]:
    """BR-61, UBL-SR-47, PEPPOL-EN16931-R061: what means of payment go with."""
    all_means = list(root.iterchildren(CAC + "PaymentMeans"))
    codes = [_value(node, CBC + "PaymentMeansCode") for node in all_means]
    if len(set(codes)) > 1:
        yield Finding("UBL-SR-47", "means", {"found": ", ".join(codes)})
    for node, code in zip(all_means, codes, strict=True):
        if code in ("30", "58") and not _has(node, "PayeeFinancialAccount"):
            yield Finding("BR-61", "means", {"found": code})
        if code in ("49", "59") and not _has(node, "PaymentMandate"):
            yield Finding("PEPPOL-EN16931-R061", "means", {"found": code})


def _has(node: Any, name: str) -> bool:
    return node.find(f"{CAC}{name}/{CBC}ID") is not None


def _prefix_findings(root: Any) -> Iterator[Finding]:
    """BR-CO-09: a VAT number begins with its country's code."""
    for scheme in root.iter(CAC + "PartyTaxScheme"):
        number = scheme.findtext(CBC + "CompanyID") or ""
        is_vat = _value(scheme, f"{CAC}TaxScheme/{CBC}ID").upper() == "VAT"
        if is_vat and number[:2] not in COUNTRIES and number[:2] != "EL":
            yield Finding("BR-CO-09", "vat_prefix", {"found": number})


def _delivery_findings(root: Any) -> Iterator[Finding]:
    """A supply within the EU says when and where to."""
    node = root.find(CAC + "Delivery")
    place = f"{CAC}DeliveryLocation/{CAC}Address/{CAC}Country/"
    date = country = ""
    if node is not None:
        date = _value(node, CBC + "ActualDeliveryDate")
        country = _value(node, f"{place}{CBC}IdentificationCode")
    period = root.find(CAC + "InvoicePeriod")
    if len(date) < 2 and (period is None or not len(period)):
        yield Finding("BR-IC-11", "missing", {"element": "ActualDeliveryDate"})
    if len(country) < 2:
        yield Finding("BR-IC-12", "missing", {"element": "DeliveryLocation"})
